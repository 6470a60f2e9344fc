/* SPDX-License-Identifier: MIT */
#ifndef OCTET_MODEL_INFO_H
#define OCTET_MODEL_INFO_H

#include "tool.h"

/** tool_model_info() - octet info MODEL */
int tool_model_info(const struct tool_options *o);

#endif
