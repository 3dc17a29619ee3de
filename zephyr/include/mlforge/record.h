/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief Raw frames on their way to a model's features, sent over a serial line or SMP to
 * `west mlforge record` (CONFIG_MLFORGE_RECORD).
 *
 * A packet is, little endian: "MFR1"; the type of the samples (0 int32, 1 int16); their fraction
 * bits (int8); channels (uint16); the number of its first frame since boot (uint32); frames
 * (uint16); 0 (uint16); CRC-32 of the model's name (uint32); the frames; CRC-32 (IEEE 802.3) of
 * all behind "MFR1". What stands between packets, such as lines of a log, is no packet.
 */
#ifndef MLFORGE_ZEPHYR_RECORD_H_
#define MLFORGE_ZEPHYR_RECORD_H_

#include <mlforge/instance.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MLFORGE_RECORD_HEADER_BYTES 20
#define MLFORGE_RECORD_CRC_BYTES    4

/**
 * @brief Queues frames to be sent, and returns at once. The service calls it with what it gets;
 * applications that call mlforge_push themselves call it, too.
 *
 * What does not fit the queue (CONFIG_MLFORGE_RECORD_QUEUE_BYTES) is left out; frames are counted
 * all the same, so that the host sees the gap. Frames of one model alone are sent: of the first
 * that comes. In threads.
 *
 * @param instance of a model with features
 * @param frames   int16 or int32 [count][mlforge_features_frame_length]
 * @param samples  their type
 * @param count    of frames
 */
void mlforge_record(const struct mlforge_instance *instance, const void *frames,
		    enum mlforge_samples samples, uint32_t count);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_ZEPHYR_RECORD_H_ */
