// SPDX-License-Identifier: MIT
#include "weights/file_kind.h"

#include <array>

#include "base/utf8.h"

namespace bantam {

namespace {

using namespace std::string_view_literals;

struct Beginning {
  std::string_view bytes;
  std::string_view kind;
};

constexpr std::string_view kPickle =
    "a PyTorch checkpoint; convert it to safetensors or GGUF";
constexpr std::string_view kWebPage =
    "a web page; fetch the file itself, not the page that shows it";
constexpr std::string_view kOldGgml =
    "a model in the format before GGUF; fetch or convert a GGUF file";

constexpr std::array kBeginnings{
    Beginning{
        "version https://git-lfs"sv,
        "a Git LFS pointer, not the file it stands for; run: git lfs pull"},
    Beginning{"<!DOCTYPE"sv, kWebPage},
    Beginning{"<!doctype"sv, kWebPage},
    Beginning{"<html"sv, kWebPage},
    Beginning{"PK\x03\x04"sv, kPickle},
    Beginning{"\x80\x02"sv, kPickle},
    Beginning{"lmgg"sv, kOldGgml},
    Beginning{"fmgg"sv, kOldGgml},
    Beginning{"tjgg"sv, kOldGgml},
    Beginning{"FUGG"sv, "a big-endian GGUF file; fetch the little-endian one"},
    Beginning{"\x93NUMPY"sv, "a NumPy array"},
    Beginning{"\x1f\x8b"sv, "a gzip archive; unpack it first"},
    Beginning{"\x28\xb5\x2f\xfd"sv, "a zstd archive; unpack it first"},
    Beginning{"\xfd\x37zXZ"sv, "an xz archive; unpack it first"},
    Beginning{"7z\xbc\xaf"sv, "a 7z archive; unpack it first"},
};

// An 8-byte header length below the format's limit, then JSON.
bool looks_like_safetensors(std::string_view bytes) {
  return bytes.size() > 8 && bytes[8] == '{' &&
      bytes.substr(4, 4) == "\0\0\0\0"sv;
}

}  // namespace

std::string describe_file_kind(std::string_view first_bytes) {
  if (first_bytes.empty()) {
    return "an empty file; fetch it again";
  }
  for (const Beginning& beginning : kBeginnings) {
    if (first_bytes.starts_with(beginning.bytes)) {
      return std::string(beginning.kind);
    }
  }
  if (looks_like_safetensors(first_bytes)) {
    return "a safetensors file; give the folder that holds it and config.json";
  }
  constexpr size_t kSample = 512;
  const std::string_view sample = first_bytes.substr(0, kSample);
  // A character may be cut at the sample's end.
  const bool text = valid_utf8_prefix(sample) + 4 > sample.size() &&
      sample.find('\0') == sample.npos;
  if (text) {
    return first_bytes.front() == '{' ? "a JSON file" : "a text file";
  }
  return "none of the formats bantam knows";
}

}  // namespace bantam
