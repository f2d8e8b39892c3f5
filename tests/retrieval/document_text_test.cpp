// SPDX-License-Identifier: MIT
#include "retrieval/document_text.h"

#include <gtest/gtest.h>

#include <chrono>

namespace bantam {
namespace {

// "heading|its text" of each section.
std::vector<std::string> sections(DocumentKind kind, std::string source) {
  const DocumentText document = structure_document(kind, std::move(source));
  std::vector<std::string> out;
  for (size_t i = 0; i < document.sections.size(); ++i) {
    const size_t begin = document.sections[i].begin;
    const size_t end = i + 1 < document.sections.size()
        ? document.sections[i + 1].begin
        : document.text.size();
    out.push_back(
        document.sections[i].heading + "|" +
        document.text.substr(begin, end - begin));
  }
  return out;
}

using Strings = std::vector<std::string>;

TEST(DocumentText, Markdown) {
  EXPECT_EQ(
      sections(
          DocumentKind::markdown,
          "intro\n# Tool\n## Use #\n```\n# no heading\n```\n### Deep\nx\n"
          "Other\n=====\ny\n#hash\n"),
      (Strings{
          "|intro\n",
          "Tool|# Tool\n",
          "Tool > Use|## Use #\n```\n# no heading\n```\n",
          "Tool > Use > Deep|### Deep\nx\n",
          "Other|Other\n=====\ny\n#hash\n"}));
}

TEST(DocumentText, PlainTextAndManualPages) {
  EXPECT_EQ(
      sections(
          DocumentKind::text,
          "NAME\n     ls\n\nSEE ALSO\n     cat\nTitle\n~~~~~\nz\n"),
      (Strings{
          "NAME|NAME\n     ls\n\n",
          "SEE ALSO|SEE ALSO\n     cat\n",
          "SEE ALSO > Title|Title\n~~~~~\nz\n"}));
}

TEST(DocumentText, Code) {
  EXPECT_EQ(
      sections(
          DocumentKind::code,
          "import os\n\n# Adds.\ndef add(a, b):\n    return a + b\n\n"
          "class C:\n    def f(self):\n        pass\n"),
      (Strings{
          "|import os\n\n",
          "def add(a, b):|# Adds.\ndef add(a, b):\n    return a + b\n\n",
          "class C:|class C:\n    def f(self):\n        pass\n"}));
}

TEST(DocumentText, Html) {
  const std::string page =
      "<!DOCTYPE html><html><head><title>T &amp; U</title>"
      "<style>p{}</style></head><body><h1>First <em>one</em></h1>\n"
      "<p>a  b&eacute;&#233;<br>c</p><script>if (a<b) x();</script>"
      "<pre> x\n  y</pre><h2>Sub</h2><p>5 < 6 <b>bold</b>ly</body></html>";
  const DocumentText document = structure_html(page);
  EXPECT_EQ(
      document.text, "First one\na b&eacute;é\nc\n x\n  y\nSub\n5 < 6 boldly");
  EXPECT_EQ(
      sections(DocumentKind::html, page),
      (Strings{
          "T & U > First one|First one\na b&eacute;é\nc\n x\n  y\n",
          "T & U > First one > Sub|Sub\n5 < 6 boldly"}));
  // The way back: "ly" after an element.
  const size_t at = document.text.find("ly");
  size_t source = 0;
  for (const SourceMark& mark : document.marks) {
    source = mark.begin <= at ? mark.source + (at - mark.begin) : source;
  }
  EXPECT_EQ(page.substr(source, 4), "ly</");
}

TEST(DocumentText, HostileHtmlTakesLinearTime) {
  const auto start = std::chrono::steady_clock::now();
  for (const char* piece :
       {"<", "<!--", "<a ", "<script>", "</script", "&#", "<title>"}) {
    std::string page;
    while (page.size() < 1 << 20) {
      page += piece;
    }
    structure_html(page);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(DocumentText, KindsOfFiles) {
  EXPECT_EQ(document_kind_of("a.MD", ""), DocumentKind::markdown);
  EXPECT_EQ(document_kind_of("a.cpp", ""), DocumentKind::code);
  EXPECT_EQ(document_kind_of("run", "#!/bin/sh\n"), DocumentKind::code);
  EXPECT_EQ(document_kind_of("a", " <!DOCTYPE HTML>"), DocumentKind::html);
  EXPECT_EQ(document_kind_of("a.txt", "%PDF-1.7"), DocumentKind::pdf);
  EXPECT_EQ(document_kind_of("README", "x"), DocumentKind::text);
}

}  // namespace
}  // namespace bantam
