// SPDX-License-Identifier: MIT
#include "config/settings_page.h"

#include "base/error.h"
#include "config/setting_names.h"
#include "config/setting_value.h"

namespace bantam {

namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

<!-- Written by `bantam config --docs` from src/config/setting_table.h. -->

Every setting has a key in a YAML file, and most have a flag. Four layers lie
over one another, and the later one wins:

1. the defaults below;
2. the file that `--config FILE` names (or the variable `BANTAM_CONFIG`);
3. environment variables: `BANTAM_` and the key in capitals with `_` for `.`,
   so `BANTAM_SAMPLING_TEMPERATURE=0.7`. A list is written as JSON:
   `BANTAM_SAMPLING_STOP='["END"]'`. An empty variable is not set;
4. flags and arguments.

`run --json` prints in `applied` each value and where it came from;
`bantam config --show` prints all of them. `bantam config --init` writes a file to
start from, `bantam config --schema` a JSON schema for an editor.

```yaml
model:
  local_path: "~/models/my-model-3bit"
  repository: "someone/my-model-3bit"
sampling:
  temperature: 0.1
  max_kv_size: 1024
```

Nothing is silently ignored. An unknown or repeated key, a value of the wrong
type or out of its range, a tab in the indentation, an anchor, an alias, a tag, a
second document, a `BANTAM_` variable that is no setting, a setting that is not
available yet: each ends the run with exit code 2 and names file, line and column
(or the variable, or the flag) and the nearest valid key. Texts that YAML reads
as numbers, `true`, `false` or `null` need quotes. Sizes are written `16GiB`,
`10GB`, `512MiB` or in bytes. A switch that the file turned on is turned off with
`--thinking=false`.

**The model** is the command's argument or `--model`, else `model.name`, else
`model.local_path` if something lies there, else `model.repository`, else
`smollm2`. Paths are relative to where the command is run; `~/` is the home folder.

**A pin** belongs to the framework it was written for. When a later layer names
another framework (`--framework bantam` over a file for `mlx-lm`), the file's pin
is set aside, with a note. Ranges are Python's: `>=0.15.0,<0.16.0`, `~=0.32.1`,
`==0.32.*`, `!=0.31.2`; an installed pre-release counts as what it is.
)";

// Text for a cell of a table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '|' ? "\\|" : std::string(1, c);
  }
  return out;
}

std::string range_of(const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::boolean:
    case SettingKind::text:
      return "";
    case SettingKind::seed:
      return "a whole number";
    default:
      return expectation(setting);
  }
}

std::string row(const Setting& setting) {
  std::string flag =
      setting.flag.empty() ? "" : fmt::format("`{}`", setting.flag);
  if (!setting.short_flag.empty()) {
    flag += fmt::format(", `{}`", setting.short_flag);
  }
  std::string help(setting.help);
  if (const std::string range = range_of(setting); !range.empty()) {
    help += "; " + range;
  }
  if (setting.pending == "*") {
    help += ". Not available yet";
  } else if (!setting.pending.empty()) {
    help += fmt::format(". Not available yet: {}", setting.pending);
  }
  return fmt::format(
      "| `{}` | {} | {} | {} |\n",
      setting.key,
      flag,
      setting.fallback.empty() ? "" : fmt::format("`{}`", setting.fallback),
      cell(help));
}

}  // namespace

std::string settings_page() {
  std::string page(kIntroduction);
  for (const SettingSection& section : kSettingSections) {
    page += fmt::format(
        "\n## {}\n\n{}.\n\n| key | flag | default | |\n|---|---|---|---|\n",
        section.name,
        section.help);
    for (const Setting& setting : kSettings) {
      if (setting.section() == section.name) {
        page += row(setting);
      }
    }
  }
  page +=
      "\n`-p` and `-m` are taken by `generate` alone, as are "
      "`--prefill-response`,\n`--extra-eos-token` and `--verbose`.\n";
  return page;
}

}  // namespace bantam
