/* SPDX-License-Identifier: Apache-2.0
 *
 * Implements tflm.h. Nothing that goes wrong passes in silence: all of it ends in
 * mlforge_tflm_failed.
 */
#include <cstdlib>
#include <mlforge/tflm.h>
#include <mlforge/tflm_interpreter.h>
#include <new>
#include <tensorflow/lite/micro/micro_op_resolver.h>
#include <tensorflow/lite/schema/schema_generated.h>

static tflite::MicroInterpreter *interpreter_of(const struct mlforge_tflm *engine)
{
	return reinterpret_cast<tflite::MicroInterpreter *>(engine->interpreter->interpreter);
}

static MlforgeTflmMarks *marks_of(const struct mlforge_tflm *engine)
{
	return reinterpret_cast<MlforgeTflmMarks *>(engine->interpreter->marks);
}

/* Enters where the interpreter has put a tensor. False where that is not what the compiler made of
 * the model. */
static bool bind(const struct mlforge_tflm *engine, uint8_t *arena, struct mlforge_tensor *known,
		 const TfLiteTensor *found)
{
	const uintptr_t start = reinterpret_cast<uintptr_t>(arena);
	const uintptr_t data = found == nullptr ? 0 : reinterpret_cast<uintptr_t>(found->data.raw);

	if (data < start || found->bytes != known->bytes ||
	    data - start > engine->model->arena_bytes - known->bytes) {
		return false;
	}
	known->offset = static_cast<uint32_t>(data - start);
	return true;
}

static bool bind_all(const struct mlforge_tflm *engine, uint8_t *arena)
{
	tflite::MicroInterpreter *const interpreter = interpreter_of(engine);
	bool bound = interpreter->inputs_size() == engine->model->inputs_count &&
		     interpreter->outputs_size() == engine->model->outputs_count;

	for (size_t i = 0; bound && i < interpreter->inputs_size(); i++) {
		bound = bind(engine, arena, &engine->inputs[i], interpreter->input(i));
	}
	for (size_t i = 0; bound && i < interpreter->outputs_size(); i++) {
		bound = bind(engine, arena, &engine->outputs[i], interpreter->output(i));
	}
	return bound;
}

/* While it is set, an abort() is TensorFlow Lite Micro's; see tflm_report.c. */
class AtWork
{
      public:
	explicit AtWork(const struct mlforge_tflm *engine)
	{
		mlforge_tflm_at_work(engine->model->name);
	}

	~AtWork()
	{
		mlforge_tflm_at_work(nullptr);
	}
};

static void set_up(const struct mlforge_tflm *engine, uint8_t *arena)
{
	const AtWork at_work(engine);
	const char *const name = engine->model->name;
	const tflite::Model *const model = tflite::GetModel(engine->flatbuffer);
	const auto *const operators =
		static_cast<const tflite::MicroOpResolver *>(engine->operators());
	tflite::MicroProfilerInterface *marks = nullptr;

	if (model->version() != TFLITE_SCHEMA_VERSION) {
		mlforge_tflm_failed(
			name, "TensorFlow Lite Micro reads another version of the file format");
	}
	if (operators == nullptr) {
		mlforge_tflm_failed(name, "an operator could not be registered");
	}
	if (engine->marks != nullptr) {
		marks = new (engine->interpreter->marks) MlforgeTflmMarks(engine->marks);
	}
	tflite::MicroAllocator *const allocator =
		tflite::MicroAllocator::Create(arena, engine->model->arena_bytes);
	tflite::MicroResourceVariables *variables = nullptr;

	if (engine->variables > 0) {
		variables = tflite::MicroResourceVariables::Create(
			allocator, static_cast<int>(engine->variables));
	}
	new (engine->interpreter->interpreter)
		tflite::MicroInterpreter(model, *operators, allocator, variables, marks);
	if (interpreter_of(engine)->AllocateTensors() != kTfLiteOk) {
		mlforge_tflm_failed(
			name,
			"AllocateTensors failed: the arena is too small, or an operator refused");
	}
	if (!bind_all(engine, arena)) {
		mlforge_tflm_failed(name,
				    "the inputs and outputs are not those that were compiled for");
	}
	engine->interpreter->arena = arena;
	mlforge_tflm_ready(name, static_cast<uint32_t>(interpreter_of(engine)->arena_used_bytes()));
}

#ifndef CONFIG_CPP_EXCEPTIONS
/* The module uses std::string in functions that no model links; yet with it comes libstdc++'s
 * memory for exceptions, which it takes from the heap at boot. Nothing throws here, and nothing
 * takes memory from a heap. */
extern "C" void *__cxa_allocate_exception(size_t) noexcept
{
	abort();
}

extern "C" void __cxa_free_exception(void *) noexcept
{
}
#endif

extern "C" void mlforge_tflm_reset(const struct mlforge_tflm *engine, uint8_t *arena)
{
	/* Only a new interpreter gives variables the first values that the model says. */
	if (engine->interpreter->arena != arena || engine->variables > 0) {
		set_up(engine, arena);
	} else if (interpreter_of(engine)->Reset() != kTfLiteOk) {
		mlforge_tflm_failed(engine->model->name, "the model's state could not be reset");
	}
}

extern "C" void mlforge_tflm_invoke(const struct mlforge_tflm *engine, uint8_t *arena)
{
	if (engine->interpreter->arena != arena) {
		mlforge_tflm_failed(engine->model->name,
				    "an inference before mlforge_reset, or in another arena");
	}
	const AtWork at_work(engine);
	if (engine->marks != nullptr) {
		marks_of(engine)->Start();
	}
	if (interpreter_of(engine)->Invoke() != kTfLiteOk) {
		mlforge_tflm_failed(engine->model->name, "the inference failed");
	}
}
