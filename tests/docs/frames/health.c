/* The program of samples/activity with a health check of its own. */
#include <errno.h>
#include <mlforge/release.h>
#include <zephyr/kernel.h>

static bool link_is_up(void)
{
	return true;
}

@BLOCK@

int main(void)
{
	return 0;
}
