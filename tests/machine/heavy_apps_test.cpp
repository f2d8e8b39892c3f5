// SPDX-License-Identifier: MIT
#include "machine/heavy_apps.h"

#include <gtest/gtest.h>

#include <string>

namespace bantam {
namespace {

struct Case {
  std::string_view path;
  std::string_view name;
  std::string_view app;
};

TEST(HeavyApps, AreKnownByTheirExecutableOnLinux) {
  for (const Case& c : {
           Case{"/opt/google/chrome/chrome", "chrome", "Chrome"},
           Case{"/usr/lib/chromium/chromium", "chromium", "Chrome"},
           Case{
               "/snap/firefox/42/usr/lib/firefox/firefox",
               "Web Content",
               "Firefox"},
           Case{"", "Isolated Web Co", "Firefox"},
           Case{"/opt/microsoft/msedge/msedge", "msedge", "Edge"},
           Case{"/opt/brave.com/brave/brave", "brave", "Brave"},
           Case{
               "/opt/docker-desktop/bin/com.docker.backend",
               "com.docker.back",
               "Docker Desktop"},
           Case{"/usr/lib/slack/slack", "slack", "Slack"},
           Case{"/usr/share/discord/Discord", "Discord", "Discord"},
           Case{"/opt/zoom/zoom", "zoom", "Zoom"},
           Case{"/usr/share/code/code", "code", "VS Code"},
           Case{"/opt/idea-IU/jbr/bin/java", "java", "JetBrains IDE"},
           Case{
               "/usr/bin/qemu-system-x86_64",
               "qemu-system-x86",
               "QEMU virtual machine"},
           Case{
               "/usr/lib/virtualbox/VirtualBoxVM",
               "VirtualBoxVM",
               "VirtualBox"},
           Case{"/usr/local/bin/ollama", "ollama", "Ollama"},
           Case{"/usr/bin/llama-server", "llama-server", "llama.cpp"},
           Case{"/usr/local/bin/bantam", "bantam", "another bantam"},
           Case{"/usr/bin/java", "java", ""},
           Case{"/usr/bin/bash", "bash", ""},
           Case{"/usr/bin/chromedriver", "chromedriver", ""},
           Case{"/usr/bin/encode", "encode", ""},
           Case{"/home/u/Signal.app/x", "x", "Signal"},
           Case{"", "", ""},
           Case{"/", "", ""},
       }) {
    EXPECT_EQ(heavy_app_of(c.path, c.name), c.app) << c.path << " " << c.name;
  }
}

TEST(HeavyApps, AreKnownByTheirOutermostBundleOnMacOs) {
  for (const Case& c : {
           Case{
               "/Applications/Firefox.app/Contents/MacOS/plugin-container.app/"
               "Contents/MacOS/plugin-container",
               "",
               "Firefox"},
           Case{
               "/Applications/Firefox Nightly.app/Contents/MacOS/firefox",
               "",
               "Firefox"},
           Case{"/Applications/Safari.app/Contents/MacOS/Safari", "", "Safari"},
           Case{
               "/System/Library/Frameworks/WebKit.framework/Versions/A/"
               "XPCServices/com.apple.WebKit.WebContent.xpc/Contents/MacOS/"
               "com.apple.WebKit.WebContent",
               "",
               "Pages in Safari and web views"},
           Case{
               "/Applications/Microsoft Teams.app/Contents/MacOS/MSTeams",
               "",
               "Teams"},
           Case{"/Applications/zoom.us.app/Contents/MacOS/zoom.us", "", "Zoom"},
           Case{
               "/Applications/Visual Studio Code.app/Contents/Frameworks/Code "
               "Helper (Plugin).app/Contents/MacOS/Code Helper (Plugin)",
               "",
               "VS Code"},
           Case{
               "/Users/u/Applications/PyCharm CE.app/Contents/MacOS/pycharm",
               "",
               "JetBrains IDE"},
           Case{
               "/Applications/Parallels Desktop.app/Contents/MacOS/Parallels "
               "VM.app/Contents/MacOS/prl_vm_app",
               "",
               "Parallels"},
           Case{
               "/Applications/UTM.app/Contents/XPCServices/QEMUHelper.xpc/"
               "Contents/MacOS/QEMULauncher.app/Contents/MacOS/QEMULauncher",
               "",
               "UTM"},
           Case{
               "/Applications/LM Studio.app/Contents/MacOS/LM Studio",
               "",
               "LM Studio"},
           Case{
               "/Applications/Ollama.app/Contents/Resources/ollama",
               "",
               "Ollama"},
           Case{"/Applications/Slacker.app/Contents/MacOS/x", "", ""},
           Case{"/Applications/Notes.app/Contents/MacOS/Notes", "", ""},
       }) {
    EXPECT_EQ(heavy_app_of(c.path, c.name), c.app) << c.path;
  }
}

TEST(HeavyApps, SumsAreLargestFirstAndUnknownOnesLast) {
  const auto apps = sum_by_app(
      {{"Slack", 10},
       {"Chrome", 20},
       {"Zoom", std::nullopt},
       {"Chrome", 5},
       {"Edge", 0}});
  ASSERT_EQ(apps.size(), 4u);
  EXPECT_EQ(apps[0].name, "Chrome");
  EXPECT_EQ(apps[0].bytes, 25);
  EXPECT_EQ(apps[1].name, "Slack");
  EXPECT_EQ(apps[2].name, "Edge");
  EXPECT_EQ(apps[2].bytes, 0);
  EXPECT_EQ(apps[3].name, "Zoom");
  EXPECT_FALSE(apps[3].bytes);
  EXPECT_TRUE(sum_by_app({}).empty());
}

TEST(HeavyApps, WhatCannotBeSeenIsNotLostInASum) {
  const auto apps =
      sum_by_app({{"Chrome", 20}, {"Chrome", std::nullopt}, {"Chrome", 1}});
  ASSERT_EQ(apps.size(), 2u);
  EXPECT_EQ(apps[0].bytes, 21);
  EXPECT_EQ(apps[1].name, "Chrome (processes of other users)");
  EXPECT_FALSE(apps[1].bytes);
}

TEST(HeavyApps, ASumThatWouldOverflowStays) {
  EXPECT_EQ(sum_by_app({{"Zoom", INT64_MAX}, {"Zoom", 1}})[0].bytes, INT64_MAX);
}

}  // namespace
}  // namespace bantam
