/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief What a generated model's C++ file needs besides tflm.h: the variable that holds its
 * interpreter.
 *
 * C++ only.
 */
#ifndef MLFORGE_TFLM_INTERPRETER_H_
#define MLFORGE_TFLM_INTERPRETER_H_

#include <tensorflow/lite/micro/micro_interpreter.h>

/**
 * @brief Calls a model's marks, one for each operator that starts.
 */
class MlforgeTflmMarks: public tflite::MicroProfilerInterface
{
      public:
	explicit MlforgeTflmMarks(void (*const *marks)()) : marks_(marks), next_(marks)
	{
	}

	void Start()
	{
		next_ = marks_;
	}

	/* Operators of a subgraph that an operator calls are a part of that one. */
	uint32_t BeginEvent(const char *) override
	{
		if (depth_++ == 0) {
			(*next_++)();
		}
		return 0;
	}

	void EndEvent(uint32_t) override
	{
		depth_--;
	}

      private:
	void (*const *marks_)();
	void (*const *next_)();
	uint32_t depth_ = 0;

	TF_LITE_REMOVE_VIRTUAL_DELETE
};

/**
 * @brief All zero before mlforge_tflm_reset, which constructs what lies in it; nothing is ever
 * destroyed.
 */
struct mlforge_tflm_interpreter {
	uint8_t *arena; /**< that it is set up in; NULL before */
	alignas(tflite::MicroInterpreter) uint8_t interpreter[sizeof(tflite::MicroInterpreter)];
	alignas(MlforgeTflmMarks) uint8_t marks[sizeof(MlforgeTflmMarks)];
};

#endif /* MLFORGE_TFLM_INTERPRETER_H_ */
