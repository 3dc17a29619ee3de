/* The program of samples/activity with its service, which gets frames of zeros. */
#include <mlforge/service.h>
#include <zephyr/kernel.h>

#include "activity_mlforge.h"

@BLOCK@

int main(void)
{
	static const int32_t frame[ACTIVITY_PIPELINE_FRAME_LENGTH];

	start();
	return on_frame(frame);
}
