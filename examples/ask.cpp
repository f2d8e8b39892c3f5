// SPDX-License-Identifier: MIT
// Ask a model one question: examples/ask MODEL "QUESTION"
#include <iostream>

#include "bantam/engine.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: ask MODEL QUESTION\n";
    return 2;
  }
  try {
    bantam::Engine engine({.model = argv[1]});
    bantam::Request request;
    request.messages = {{"user", argv[2]}};
    engine.generate(request, {.text = [](auto piece) { std::cout << piece; }});
    std::cout << "\n";
  } catch (const bantam::Error& error) {
    std::cerr << error.what() << "\n";
    return bantam::error_kind(error.code()).exit_code;
  }
}
