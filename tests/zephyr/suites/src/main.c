/* SPDX-License-Identifier: Apache-2.0
 *
 * Does nothing: the suites build what they test.
 */
int main(void)
{
	return 0;
}
