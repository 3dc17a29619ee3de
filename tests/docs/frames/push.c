/* Hands a frame to the model of samples/activity. */
#include <stddef.h>
#include <stdint.h>

const int8_t *on_frame(const int32_t *frame);

@BLOCK@
