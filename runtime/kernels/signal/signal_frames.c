/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators that keep samples from one inference to the next: SignalFramer, SignalStacker,
 * SignalOverlapAdd, SignalDelay.
 */
#include <string.h>

#include "mlforge/kernels.h"

/* `count` new values come to the end of a register of `kept`, of which the oldest leave it. */
static void mlforge_signal_push(int16_t *samples, uint32_t kept, const int16_t *values,
				uint32_t count)
{
	memmove(samples, &samples[count], (kept - count) * sizeof(*samples));
	memcpy(&samples[kept - count], values, count * sizeof(*samples));
}

void mlforge_signal_framer(const struct mlforge_signal_framer *op, const void *input, void *state,
			   void *output, int8_t *valid)
{
	int32_t *had = state;
	const int32_t before = *had;
	const int16_t *x = input;
	int16_t *samples = (int16_t *)(had + 1);
	int16_t *frame = output;

	*valid = 1;
	for (uint32_t row = 0; row < op->rows; row++, samples += op->kept) {
		*had = before;
		for (uint32_t i = 0; i < op->frames; i++, x += op->step, frame += op->size) {
			mlforge_signal_push(samples, op->kept, x, op->step);
			*had = *had < op->needed ? *had + (int32_t)op->step : *had;
			if (*had >= op->needed) {
				memcpy(frame, samples, op->size * sizeof(*frame));
			} else {
				memset(frame, 0, op->size * sizeof(*frame));
				*valid = 0;
			}
		}
	}
}

void mlforge_signal_stacker(const struct mlforge_signal_stacker *op, const void *input, void *state,
			    void *output, int8_t *valid)
{
	const uint32_t kept = op->frames * op->channels;
	int32_t *due = state;
	int16_t *values = (int16_t *)(due + 1);

	if (*due == 0) {
		for (uint32_t i = 0; i < op->frames; i++) {
			memcpy(&values[i * op->channels], input, op->channels * sizeof(*values));
		}
		*due = op->right + 1;
	} else {
		mlforge_signal_push(values, kept, input, op->channels);
		(*due)--;
	}
	*valid = *due == 1;
	if (*valid) {
		memcpy(output, values, kept * sizeof(*values));
		*due = op->step + 1;
	} else {
		memset(output, 0, kept * sizeof(*values));
	}
}

static int16_t mlforge_signal_sum(int16_t a, int16_t b)
{
	const int32_t sum = a + b;

	return (int16_t)(sum < INT16_MIN ? INT16_MIN : sum > INT16_MAX ? INT16_MAX : sum);
}

void mlforge_signal_overlap_add(const struct mlforge_signal_overlap_add *op, const void *input,
				void *state, void *output)
{
	const int16_t *frame = input;
	int16_t *sums = state;
	int16_t *y = output;

	for (uint32_t row = 0; row < op->rows; row++, sums += op->size) {
		for (uint32_t i = 0; i < op->frames; i++, frame += op->size, y += op->step) {
			for (uint32_t at = 0; at < op->size; at++) {
				sums[at] = mlforge_signal_sum(frame[at], sums[at]);
			}
			memcpy(y, sums, op->step * sizeof(*y));
			memmove(sums, &sums[op->step], (op->size - op->step) * sizeof(*sums));
			memset(&sums[op->size - op->step], 0, op->step * sizeof(*sums));
		}
	}
}

void mlforge_signal_delay(const struct mlforge_signal_delay *op, const void *input, void *state,
			  void *output)
{
	const uint32_t old = op->delay < op->size ? op->delay : op->size;
	const int16_t *x = input;
	int16_t *samples = state;
	int16_t *y = output;

	for (uint32_t row = 0; row < op->rows; row++) {
		memcpy(y, samples, old * sizeof(*y));
		memcpy(&y[old], x, (op->size - old) * sizeof(*y));
		mlforge_signal_push(samples, op->delay, &x[op->size - old], old);
		samples += op->delay;
		x += op->size;
		y += op->size;
	}
}
