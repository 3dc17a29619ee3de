/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOTION_FACTS_H_
#define MOTION_FACTS_H_

#define MOTION_CLASSES_COUNT    0
#define MOTION_LATENCY_LIMIT_US 5000
#define MOTION_CLOCK_HZ         25000000
#define MOTION_GAPS             MLFORGE_GAPS_KEEP

#endif /* MOTION_FACTS_H_ */
