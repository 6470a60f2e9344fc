// SPDX-License-Identifier: MIT
#include "lower_priv.h"
int lower_plan_views(struct lower *l) { (void)l; return 0; }
