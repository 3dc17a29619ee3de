/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLFORGE_SCHEDULING_H_
#define MLFORGE_SCHEDULING_H_

#include <mlforge/instance.h>
#include <mlforge/service.h>

/* A model that CONFIG_MLFORGE_SCHEDULING runs at its rate. */
struct mlforge_scheduled {
	const char *name;
	const struct mlforge_instance *instance;
	const struct mlforge_service *service; /* NULL: the application calls the model itself */
};

#endif /* MLFORGE_SCHEDULING_H_ */
