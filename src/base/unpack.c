// SPDX-License-Identifier: Apache-2.0
#include "base/unpack.h"

err_t unpack_open(struct arena *a, const char *path, struct file_map *ret, const char **inner_name_ret)
{
	(void)a;
	*inner_name_ret = NULL;
	return file_map_open(path, ret);
}
