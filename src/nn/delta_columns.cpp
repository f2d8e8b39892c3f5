// SPDX-License-Identifier: MIT
#include "nn/delta_columns.h"

namespace bantam::nn {

using kernels::DeltaLayout;
using kernels::DeltaShape;
using kernels::HeadPlace;

namespace {

int64_t first_column(
    const DeltaShape& shape,
    const HeadPlace& place,
    int64_t value_head) {
  return place.at(value_head / shape.members(), value_head % shape.members());
}

void append_run(std::vector<int32_t>& columns, int64_t first, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    columns.push_back(static_cast<int32_t>(first + i));
  }
}

}  // namespace

std::vector<int32_t> value_columns(
    const DeltaShape& shape,
    int64_t dim,
    const HeadPlace& place) {
  std::vector<int32_t> columns;
  for (int64_t head = 0; head < shape.value_heads; ++head) {
    append_run(columns, first_column(shape, place, head), dim);
  }
  return columns;
}

std::vector<int32_t> channel_columns(
    const DeltaShape& shape,
    const DeltaLayout& layout) {
  std::vector<int32_t> columns;
  for (const auto* place : {&layout.q, &layout.k}) {
    for (int64_t head = 0; head < shape.key_heads; ++head) {
      append_run(columns, place->at(head), shape.key_dim);
    }
  }
  for (int64_t head = 0; head < shape.value_heads; ++head) {
    append_run(columns, first_column(shape, layout.v, head), shape.value_dim);
  }
  return columns;
}

std::vector<int32_t> head_places(
    const DeltaShape& shape,
    const DeltaLayout& layout) {
  std::vector<int32_t> places;
  for (int64_t head = 0; head < shape.value_heads; ++head) {
    for (const HeadPlace* place :
         {&layout.z, &layout.alpha, &layout.beta, &layout.out}) {
      append_run(places, first_column(shape, *place, head), 1);
    }
  }
  return places;
}

}  // namespace bantam::nn
