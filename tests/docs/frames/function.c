/* Hands a frame to the model of samples/activity; what it says goes to `use`. */
#include <stdint.h>

void use(const int8_t *scores);
void on_frame(const int32_t *frame);

@BLOCK@
