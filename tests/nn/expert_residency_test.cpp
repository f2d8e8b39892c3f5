// SPDX-License-Identifier: MIT
#include "nn/expert_residency.h"

#include <gtest/gtest.h>

#include "../base/temporary_folder.h"
#include "base/mapped_file.h"

namespace bantam::nn {
namespace {

constexpr int64_t kRows = 16;
constexpr int64_t kRowBytes = 2048;
constexpr int64_t kExpertBytes = kRows * kRowBytes;
constexpr int64_t kExperts = 4;

// A file of four experts of one matrix each; byte i of expert e is e + i.
class ExpertResidencyTest : public ::testing::Test {
 protected:
  ExpertResidencyTest() {
    std::string bytes(100, 'x');  // so that no expert begins with a page
    for (int64_t e = 0; e < kExperts; ++e) {
      for (int64_t i = 0; i < kExpertBytes; ++i) {
        bytes.push_back(static_cast<char>(e + i));
      }
    }
    file_.emplace(folder_.write("experts", bytes));
    for (int64_t e = 0; e < kExperts; ++e) {
      kernels::WeightMatrix matrix;
      matrix.format = kernels::WeightFormat::f32;
      matrix.rows = kRows;
      matrix.cols = kRowBytes / 4;
      matrix.row_bytes = kRowBytes;
      matrix.data = file_->bytes().data() + 100 + e * kExpertBytes;
      experts_.push_back(matrix);
    }
  }

  const MappedPages& pages() {
    return pages_.emplace(
        std::vector<MappedRange>{{file_->bytes(), file_->path()}});
  }
  void use(ExpertResidency& residency, std::initializer_list<int> list) {
    for (const int e : list) {
      const kernels::WeightMatrix* matrix = &experts_[e];
      residency.fetch(std::span(&matrix, 1));
      residency.use(std::span(&matrix, 1));
      for (int64_t i = 0; i < kExpertBytes; i += 97) {
        ASSERT_EQ(static_cast<char>(matrix->data[i]), static_cast<char>(e + i));
      }
    }
  }

  TemporaryFolder folder_;
  std::optional<MappedFile> file_;
  std::optional<MappedPages> pages_;
  std::vector<kernels::WeightMatrix> experts_;
};

TEST_F(ExpertResidencyTest, WithoutABudgetEachIsReadOnce) {
  ExpertResidency residency(pages(), -1);
  use(residency, {0, 1, 2, 3, 3, 2, 1, 0});
  EXPECT_EQ(residency.traffic().visits, 8);
  EXPECT_EQ(residency.traffic().misses, 4);
  EXPECT_EQ(residency.traffic().bytes, 8 * kExpertBytes);
  EXPECT_EQ(residency.traffic().missed_bytes, 4 * kExpertBytes);
  EXPECT_EQ(residency.resident_bytes(), 4 * kExpertBytes);
}

TEST_F(ExpertResidencyTest, ABudgetKeepsThoseUsedLast) {
  ExpertResidency residency(pages(), 2 * kExpertBytes + 1);
  residency.add_stack(experts_);
  use(residency, {0, 1, 0, 2});  // 1 goes
  EXPECT_EQ(residency.traffic().misses, 3);
  EXPECT_EQ(residency.resident_bytes(), 2 * kExpertBytes);
  use(residency, {0, 2});
  EXPECT_EQ(residency.traffic().misses, 3);
  use(residency, {1});
  EXPECT_EQ(residency.traffic().misses, 4);
  use(residency, {2, 0});  // 0 was the oldest when 1 came
  EXPECT_EQ(residency.traffic().misses, 5);
}

TEST_F(ExpertResidencyTest, ABudgetSmallerThanAnExpertHoldsOne) {
  ExpertResidency residency(pages(), 1);
  use(residency, {0, 0, 1, 1, 0});
  EXPECT_EQ(residency.traffic().misses, 3);
  EXPECT_EQ(residency.resident_bytes(), kExpertBytes);
}

TEST_F(ExpertResidencyTest, TrafficIsOfOneRunWhatIsThereStays) {
  ExpertResidency residency(pages(), -1);
  use(residency, {0, 1});
  residency.reset_traffic();
  use(residency, {0, 2});
  residency.add_choices(2);
  EXPECT_EQ(residency.traffic().visits, 2);
  EXPECT_EQ(residency.traffic().misses, 1);
  EXPECT_EQ(residency.traffic().choices, 2);
}

}  // namespace
}  // namespace bantam::nn
