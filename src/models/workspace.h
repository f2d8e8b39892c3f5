// SPDX-License-Identifier: MIT
#pragma once

#include "memory/workspace_need.h"
#include "nn/compute.h"

namespace bantam {

/// Makes `workspace` large enough for the native path; never smaller.
void reserve_workspace(nn::Workspace& workspace, const WorkspaceNeed& need);

}  // namespace bantam
