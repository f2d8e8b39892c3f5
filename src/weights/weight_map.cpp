// SPDX-License-Identifier: MIT
// Read event by event: mixtures of experts have a hundred thousand tensors,
// and a document that keeps the order of its keys looks each new one up by
// going through all the others.
#include "weights/weight_map.h"

#include "base/json.h"
#include "base/mapped_file.h"
#include "weights/byte_cursor.h"
#include "weights/json_events.h"

namespace bantam {

namespace {

constexpr std::string_view kMapKey = "weight_map";

// Takes the strings of the object "weight_map" at the first level; passes over
// everything else.
class IndexEvents final : public JsonEvents {
 public:
  explicit IndexEvents(const std::string& file) : JsonEvents(file, 0) {}

  bool found() const { return found_; }
  WeightMap take() { return std::move(map_); }

  bool null() override { return scalar("null"); }
  bool boolean(bool) override { return scalar("a boolean"); }
  bool number_integer(number_integer_t) override { return scalar("a number"); }
  bool number_unsigned(number_unsigned_t) override {
    return scalar("a number");
  }
  bool number_float(number_float_t, const string_t&) override {
    return scalar("a number");
  }
  bool string(string_t& value) override {
    return level_ == 2 && in_map_ ? place(value) : scalar("text");
  }
  bool start_object(size_t) override {
    in_map_ = in_map_ || (level_ == 1 && key_ == kMapKey);
    found_ = found_ || in_map_;
    return enter("an object");
  }
  bool start_array(size_t) override { return enter("an array"); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool key(string_t& value) override {
    if (level_ == 1 || in_map_) {
      key_ = value;
    }
    return true;
  }

 private:
  bool scalar(std::string_view what) {
    if (level_ == 0 || in_map_ || (level_ == 1 && key_ == kMapKey)) {
      fail_value(what);
    }
    return true;
  }
  bool enter(std::string_view what) {
    const bool starts_map = in_map_ && level_ == 1;
    const bool map_is_array =
        level_ == 1 && key_ == kMapKey && what == "an array";
    if ((in_map_ && !starts_map) || map_is_array ||
        (level_ == 0 && what == "an array")) {
      fail_value(what);
    }
    ++level_;
    return true;
  }
  bool leave() {
    --level_;
    in_map_ = in_map_ && level_ > 1;
    return true;
  }

  [[noreturn]] void fail_value(std::string_view what) const {
    fail(
        ErrorCode::invalid_file,
        "{}: {}, but 'weight_map' should be an object of file names{}",
        file(),
        what,
        in_map_ ? ", as that of tensor " + in_quotes(key_) : "");
  }

  bool place(const std::string& name) {
    // A plain name: an index must not reach outside its folder.
    if (!name.ends_with(".safetensors") ||
        name.find_first_of(std::string_view("/\\\0", 3)) != name.npos) {
      fail(
          ErrorCode::invalid_file,
          "{}: weight_map says that tensor {} is in {}, which is no file name "
          "ending in .safetensors",
          file(),
          in_quotes(key_),
          in_quotes(name));
    }
    if (!map_.emplace(key_, name).second) {
      fail(
          ErrorCode::invalid_file,
          "{}: weight_map has tensor {} twice",
          file(),
          in_quotes(key_));
    }
    return true;
  }

  int level_ = 0;
  bool in_map_ = false;
  bool found_ = false;
  std::string key_;
  WeightMap map_;
};

}  // namespace

WeightMap read_weight_map(const std::string& path) {
  const MappedFile file(path);
  IndexEvents events(path);
  events.parse(file.text());
  WeightMap map = events.take();
  if (map.empty()) {
    fail(
        ErrorCode::invalid_file,
        "{}: 'weight_map' is {}",
        path,
        events.found() ? "empty" : "missing");
  }
  return map;
}

}  // namespace bantam
