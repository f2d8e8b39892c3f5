// SPDX-License-Identifier: MIT
#include "engine/convert.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/size.h"
#include "engine/convert_plan.h"
#include "models/registry.h"
#include "text/tokenizer_json_writer.h"
#include "weights/affine_blocks.h"
#include "weights/locate.h"

namespace bantam {

namespace fs = std::filesystem;

namespace {

// Rows are converted and written about so many bytes at a time.
constexpr int64_t kPieceBytes = 4 << 20;

// A folder under a passing name; removed unless it got its own.
class NewFolder {
 public:
  explicit NewFolder(const std::string& path)
      : path_(fs::path(path).lexically_normal()) {
    if (!path_.has_filename()) {
      path_ = path_.parent_path();
    }
    std::error_code ignored;
    if (fs::exists(fs::symlink_status(path_, ignored))) {
      fail(
          ErrorCode::invalid_request,
          "{}: exists already; name a folder that does not, or remove it",
          path);
    }
    parent_ = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
    if (!fs::is_directory(parent_, ignored)) {
      fail(
          ErrorCode::invalid_request,
          "{}: the folder {} does not exist",
          path,
          parent_.string());
    }
  }
  ~NewFolder() {
    if (created_) {
      std::error_code ignored;
      fs::remove_all(passing_, ignored);
    }
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  void require_room(int64_t bytes) const {
    std::error_code error;
    const fs::space_info space = fs::space(parent_, error);
    if (!error && space.available < static_cast<uint64_t>(bytes)) {
      fail(
          ErrorCode::insufficient_memory,
          "{}: needs {} on the disk, of which {} are free",
          path_.string(),
          format_size(bytes),
          format_size(static_cast<int64_t>(space.available)));
    }
  }

  void create() {
    passing_ = parent_ /
        fmt::format("{}.partial-{}", path_.filename().string(), ::getpid());
    std::error_code error;
    created_ = fs::create_directory(passing_, error);
    if (!created_) {
      fail(
          ErrorCode::invalid_request,
          "{}: cannot be created: {}",
          passing_.string(),
          error ? error.message() : "it exists already");
    }
  }

  std::string at(std::string_view name) const {
    return (passing_ / name).string();
  }

  void take_name() {
    std::error_code error;
    fs::rename(passing_, path_, error);
    if (error) {
      fail(
          ErrorCode::invalid_request,
          "{}: cannot get its name: {}",
          path_.string(),
          error.message());
    }
    created_ = false;
  }

 private:
  fs::path path_, parent_, passing_;
  bool created_ = false;
};

class Conversion {
 public:
  Conversion(
      const ConvertOptions& options,
      const ConvertProgress& progress,
      std::stop_token stop)
      : options_(options), progress_(progress), stop_(std::move(stop)) {}

  Json run() {
    NewFolder folder(options_.folder);
    const Checkpoint checkpoint(locate_model(options_.model));
    if (!checkpoint.is_gguf()) {
      fail(
          ErrorCode::invalid_request,
          "{}: is a folder of safetensors already; convert takes a .gguf file",
          checkpoint.path());
    }
    ConvertPlan plan = plan_conversion(checkpoint);
    const GgufVocabulary vocabulary = read_vocabulary(*checkpoint.gguf());
    const std::string tokenizer_json = tokenizer_json_text(vocabulary);
    const Json generation = end_token_config(checkpoint, vocabulary);
    plan.config.update(generation);
    total_ = plan.bytes();
    folder.require_room(total_ + static_cast<int64_t>(tokenizer_json.size()));

    folder.create();
    const int64_t files = write_weights(plan, folder);
    const auto write = [&](const char* name, const std::string& text) {
      write_new_file(folder.at(name), text);
    };
    const int64_t context = plan.config["max_position_embeddings"];
    write("config.json", plan.config.dump(2) + "\n");
    write("generation_config.json", generation.dump(2) + "\n");
    write("tokenizer.json", tokenizer_json);
    write(
        "tokenizer_config.json",
        tokenizer_config(vocabulary, checkpoint.chat_template(), context)
                .dump(2) +
            "\n");
    write("README.md", readme(checkpoint));
    folder.take_name();
    return {
        {"input", checkpoint.path()},
        {"output", options_.folder},
        {"architecture", architecture_of(checkpoint)},
        {"tensors", checkpoint.tensors().size()},
        {"files", files},
        {"input_bytes", checkpoint.weight_bytes()},
        {"output_bytes", total_},
        {"quantization",
         plan.config.contains("quantization") ? plan.config["quantization"]
                                              : Json()}};
  }

 private:
  // {"bos_token_id", "eos_token_id"}: every token that ends an answer.
  static Json end_token_config(
      const Checkpoint& checkpoint,
      const GgufVocabulary& vocabulary) {
    const std::vector<TokenId> ends = checkpoint.make_tokenizer()->end_tokens();
    Json config = Json::object();
    if (vocabulary.bos) {
      config["bos_token_id"] = *vocabulary.bos;
    }
    if (ends.size() == 1) {
      config["eos_token_id"] = ends.front();
    } else if (!ends.empty()) {
      config["eos_token_id"] = ends;
    }
    return config;
  }

  // The licence goes with the weights.
  static std::string readme(const Checkpoint& checkpoint) {
    const GgufFile& gguf = *checkpoint.gguf();
    std::string text = "---\nlibrary_name: mlx\n";
    if (const auto licence = gguf.string("general.license")) {
      text += "license: " + Json(*licence).dump() + "\n";
    }
    return text + "---\n\nConverted without loss from " +
        fs::path(checkpoint.path()).filename().string() +
        " by bantam convert.\n";
  }

  // Returns how many files there are.
  int64_t write_weights(const ConvertPlan& plan, const NewFolder& folder) {
    const auto parts = split(plan.tensors);
    const auto count = static_cast<int64_t>(parts.size());
    Json weight_map = Json::object();
    for (int64_t i = 0; i < count; ++i) {
      const std::string name = count == 1
          ? "model.safetensors"
          : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, count);
      write_part(parts[i], folder.at(name));
      for (const ConvertedTensor& tensor : parts[i]) {
        for (const TensorHeading& heading : tensor.headings) {
          weight_map[heading.name] = name;
        }
      }
    }
    if (count > 1) {
      const Json index{
          {"metadata", {{"total_size", total_}}},
          {"weight_map", std::move(weight_map)}};
      write_new_file(
          folder.at("model.safetensors.index.json"), index.dump(2) + "\n");
    }
    return count;
  }

  std::vector<std::span<const ConvertedTensor>> split(
      std::span<const ConvertedTensor> tensors) const {
    std::vector<std::span<const ConvertedTensor>> parts;
    size_t begin = 0;
    int64_t bytes = 0;
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (i > begin && bytes + tensors[i].bytes() > options_.max_file_bytes) {
        parts.push_back(tensors.subspan(begin, i - begin));
        begin = i;
        bytes = 0;
      }
      bytes += tensors[i].bytes();
    }
    parts.push_back(tensors.subspan(begin));
    return parts;
  }

  void write_part(
      std::span<const ConvertedTensor> tensors,
      const std::string& path) {
    std::vector<TensorHeading> headings;
    for (const ConvertedTensor& tensor : tensors) {
      headings.insert(
          headings.end(), tensor.headings.begin(), tensor.headings.end());
    }
    SafetensorsWriter writer(path, headings, {{"format", "mlx"}});
    size_t first = 0;
    for (const ConvertedTensor& tensor : tensors) {
      write_tensor(tensor, writer, first);
      first += tensor.headings.size();
    }
    writer.finish();
  }

  // `first`: index of its first heading in the file.
  void write_tensor(
      const ConvertedTensor& converted,
      SafetensorsWriter& writer,
      size_t first) {
    const Tensor& tensor = *converted.source.tensor;
    const int64_t rows = tensor.shape.empty() ? 1 : tensor.shape.front();
    const size_t outputs = converted.headings.size();
    std::vector<int64_t> row_bytes;
    for (const TensorHeading& heading : converted.headings) {
      row_bytes.push_back(rows == 0 ? 0 : heading.bytes() / rows);
    }
    const int64_t source_row_bytes =
        rows == 0 ? 0 : static_cast<int64_t>(tensor.bytes.size()) / rows;
    const int64_t step =
        std::max<int64_t>(1, kPieceBytes / std::max<int64_t>(1, row_bytes[0]));
    std::vector<std::vector<std::byte>> pieces(outputs);
    for (int64_t begin = 0; begin < rows; begin += step) {
      if (stop_.stop_requested()) {
        fail(ErrorCode::cancelled, "interrupted; nothing was left behind");
      }
      const int64_t count = std::min(step, rows - begin);
      for (size_t i = 0; i < outputs; ++i) {
        pieces[i].resize(static_cast<size_t>(count * row_bytes[i]));
      }
      for (int64_t r = 0; r < count; ++r) {
        const std::byte* row = tensor.bytes.data() +
            converted.source.source_row(begin + r) * source_row_bytes;
        const auto to = [&](size_t i) {
          return pieces[i].data() + r * row_bytes[i];
        };
        if (converted.affine) {
          repack_row(
              tensor.type,
              row,
              tensor.shape.back() / converted.affine->group,
              converted.headings[1].type,
              to(0),
              to(1),
              to(2));
        } else {
          std::copy_n(row, source_row_bytes, to(0));
        }
      }
      for (size_t i = 0; i < outputs; ++i) {
        writer.write(first + i, pieces[i]);
        done_ += static_cast<int64_t>(pieces[i].size());
      }
      if (progress_) {
        progress_(done_, total_);
      }
    }
  }

  const ConvertOptions& options_;
  const ConvertProgress& progress_;
  std::stop_token stop_;
  int64_t done_ = 0;
  int64_t total_ = 0;
};

}  // namespace

Json convert_to_folder(
    const ConvertOptions& options,
    const ConvertProgress& progress,
    std::stop_token stop) {
  return Conversion(options, progress, std::move(stop)).run();
}

}  // namespace bantam
