// SPDX-License-Identifier: MIT
#include "machine/heavy_apps.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

namespace bantam {

namespace {

// Alternatives are separated by '|'; a '*' at the end stands for any rest.
struct HeavyApp {
  std::string_view name;
  std::string_view bundles;      // macOS: without ".app"
  std::string_view executables;  // Linux, and macOS outside of bundles
};

// One row per application. To add one, look at the executable's path while it
// runs: `ps -axo comm` on macOS, /proc/PID/exe on Linux.
constexpr std::array kHeavyApps{
    // Browsers
    HeavyApp{"Chrome", "Google Chrome*|Chromium", "chrome|chromium|chromium-*"},
    HeavyApp{
        "Firefox",
        "Firefox*|Tor Browser|LibreWolf",
        "firefox|firefox-esr|firefox-bin|librewolf|Isolated Web Co|Web "
        "Content"},
    HeavyApp{"Safari", "Safari*", ""},
    HeavyApp{"Pages in Safari and web views", "", "com.apple.WebKit.*"},
    HeavyApp{"Edge", "Microsoft Edge*", "msedge"},
    HeavyApp{"Brave", "Brave Browser*", "brave|brave-browser"},
    HeavyApp{"Opera", "Opera*", "opera"},
    HeavyApp{"Vivaldi", "Vivaldi*", "vivaldi-bin"},
    HeavyApp{"Arc", "Arc|Dia", ""},
    // Containers and virtual machines
    HeavyApp{
        "Docker Desktop",
        "Docker|Docker Desktop",
        "com.docker.*|docker-desktop"},
    HeavyApp{"OrbStack", "OrbStack", "OrbStack Helper"},
    HeavyApp{
        "Podman",
        "Podman Desktop",
        "podman-desktop|vfkit|gvproxy|krunkit"},
    HeavyApp{"Rancher Desktop", "Rancher Desktop", "rancher-desktop"},
    HeavyApp{"Parallels", "Parallels Desktop", "prl_vm_app"},
    HeavyApp{"VMware", "VMware Fusion", "vmware-vmx"},
    HeavyApp{
        "VirtualBox",
        "VirtualBox|VirtualBoxVM",
        "VirtualBox|VirtualBoxVM|VBoxHeadless"},
    HeavyApp{"UTM", "UTM|UTM SE", ""},
    HeavyApp{"QEMU virtual machine", "", "qemu-system-*|QEMULauncher"},
    // Docker Desktop, UTM, OrbStack and others keep their guests here.
    HeavyApp{
        "Apple virtual machine",
        "",
        "com.apple.Virtualization.VirtualMachine"},
    HeavyApp{"Firecracker virtual machine", "", "firecracker"},
    // Talking and writing
    HeavyApp{"Slack", "Slack", "slack"},
    HeavyApp{
        "Teams",
        "Microsoft Teams*|MSTeams",
        "teams|teams-for-linux|MSTeams"},
    HeavyApp{"Discord", "Discord*", "Discord|DiscordCanary|DiscordPTB"},
    HeavyApp{"Zoom", "zoom.us", "zoom|zoom.us"},
    HeavyApp{"WhatsApp", "WhatsApp", "whatsdesk|whatsapp-for-linux"},
    HeavyApp{"Signal", "Signal", "signal-desktop"},
    HeavyApp{"Telegram", "Telegram*", "telegram-desktop|Telegram"},
    HeavyApp{"Element", "Element", "element-desktop"},
    HeavyApp{"Spotify", "Spotify", "spotify"},
    HeavyApp{"Notion", "Notion*", "notion-app"},
    HeavyApp{"Obsidian", "Obsidian", "obsidian"},
    HeavyApp{"Outlook", "Microsoft Outlook", ""},
    HeavyApp{"Word", "Microsoft Word", ""},
    HeavyApp{"Excel", "Microsoft Excel", ""},
    HeavyApp{"PowerPoint", "Microsoft PowerPoint", ""},
    HeavyApp{"LibreOffice", "LibreOffice*", "soffice.bin"},
    // Editors and development
    HeavyApp{"VS Code", "Visual Studio Code*|VSCodium", "code|code-*|codium"},
    HeavyApp{"Cursor", "Cursor", "cursor|cursor.AppImage"},
    HeavyApp{"Windsurf", "Windsurf*", "windsurf"},
    HeavyApp{"Zed", "Zed*", "zed-editor"},
    HeavyApp{
        "JetBrains IDE",
        "IntelliJ IDEA*|PyCharm*|CLion*|GoLand*|WebStorm*|RustRover*|Rider*|"
        "PhpStorm*|RubyMine*|DataGrip*|DataSpell*|Fleet",
        "idea|pycharm|clion|goland|webstorm|rustrover|rider|phpstorm|rubymine|"
        "datagrip|dataspell"},
    HeavyApp{"Android Studio", "Android Studio*", "studio"},
    HeavyApp{"Xcode", "Xcode*|Simulator", ""},
    HeavyApp{"Postman", "Postman", "postman"},
    HeavyApp{"Figma", "Figma*", "figma-linux"},
    HeavyApp{"Unity", "Unity|Unity Hub", "Unity|unityhub"},
    HeavyApp{"Unreal Editor", "UnrealEditor", "UnrealEditor"},
    // Pictures, film, sound
    HeavyApp{"Photoshop", "Adobe Photoshop*", ""},
    HeavyApp{"Lightroom", "Adobe Lightroom*", ""},
    HeavyApp{"Premiere", "Adobe Premiere*", ""},
    HeavyApp{"After Effects", "Adobe After Effects*", ""},
    HeavyApp{"Final Cut Pro", "Final Cut Pro*", ""},
    HeavyApp{"Logic Pro", "Logic Pro*", ""},
    HeavyApp{"DaVinci Resolve", "DaVinci Resolve", "resolve"},
    HeavyApp{"Blender", "Blender", "blender"},
    HeavyApp{"Steam", "Steam", "steam|steamwebhelper"},
    // Other runners of models
    HeavyApp{"Ollama", "Ollama", "ollama|ollama_*"},
    HeavyApp{"LM Studio", "LM Studio", "lm-studio|LM Studio"},
    HeavyApp{"Jan", "Jan", "Jan|jan"},
    HeavyApp{"GPT4All", "gpt4all|GPT4All", "gpt4all"},
    HeavyApp{"Msty", "Msty*", "msty"},
    HeavyApp{"oMLX", "oMLX", ""},
    HeavyApp{"llama.cpp", "", "llama-server|llama-cli|llama-bench"},
    HeavyApp{"koboldcpp", "", "koboldcpp*"},
    HeavyApp{"vLLM", "", "vllm|VLLM::*"},
    HeavyApp{"mlx-lm", "", "mlx_lm*"},
    HeavyApp{"another bantam", "", "bantam"},
};

bool matches(std::string_view patterns, std::string_view name) {
  while (!patterns.empty()) {
    const size_t cut = std::min(patterns.find('|'), patterns.size());
    std::string_view pattern = patterns.substr(0, cut);
    patterns.remove_prefix(std::min(cut + 1, patterns.size()));
    const bool is_prefix = pattern.ends_with('*');
    if (is_prefix) {
      pattern.remove_suffix(1);
    }
    if (is_prefix ? name.starts_with(pattern) : name == pattern) {
      return true;
    }
  }
  return false;
}

// "Google Chrome" of ".../Google Chrome.app/Contents/.../X.app/Contents/...".
std::string_view outermost_bundle(std::string_view path) {
  constexpr std::string_view kBundle = ".app/";
  const size_t end = path.find(kBundle);
  if (end == path.npos) {
    return {};
  }
  const std::string_view before = path.substr(0, end);
  // npos + 1 is 0: no folder before the bundle.
  return before.substr(before.rfind('/') + 1);
}

std::string_view app_of_executable(std::string_view name) {
  if (name.empty()) {
    return {};
  }
  for (const HeavyApp& app : kHeavyApps) {
    if (matches(app.executables, name)) {
      return app.name;
    }
  }
  return {};
}

}  // namespace

std::string_view heavy_app_of(std::string_view path, std::string_view name) {
  if (const std::string_view bundle = outermost_bundle(path); !bundle.empty()) {
    for (const HeavyApp& app : kHeavyApps) {
      if (matches(app.bundles, bundle)) {
        return app.name;
      }
    }
  }
  // JetBrains' editors run on a Java of their own, "java" like any other.
  if (path.ends_with("/jbr/bin/java")) {
    return "JetBrains IDE";
  }
  const std::string_view file = path.substr(path.rfind('/') + 1);
  return app_of_executable(file.empty() ? name : file);
}

std::vector<AppMemory> sum_by_app(const std::vector<AppProcess>& processes) {
  struct Sum {
    std::optional<int64_t> bytes;
    bool hidden = false;
  };
  std::map<std::string_view, Sum> sums;
  for (const AppProcess& process : processes) {
    Sum& sum = sums[process.app];
    if (!process.bytes) {
      sum.hidden = true;
    } else if (int64_t total = sum.bytes.value_or(0);
               !__builtin_add_overflow(total, *process.bytes, &total)) {
      sum.bytes = total;
    }
  }
  std::vector<AppMemory> apps;
  for (const auto& [app, sum] : sums) {
    const std::string name(app);
    if (sum.bytes) {
      apps.push_back({name, sum.bytes});
    }
    if (sum.hidden) {
      const char* suffix = sum.bytes ? " (processes of other users)" : "";
      apps.push_back({name + suffix, std::nullopt});
    }
  }
  std::stable_sort(
      apps.begin(), apps.end(), [](const AppMemory& a, const AppMemory& b) {
        return a.bytes.value_or(-1) > b.bytes.value_or(-1);
      });
  return apps;
}

}  // namespace bantam
