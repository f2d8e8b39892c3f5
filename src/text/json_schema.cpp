// SPDX-License-Identifier: MIT
#include "text/json_schema.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/json_grammar.h"
#include "text/json_schema_alternatives.h"
#include "text/schema_keywords.h"

namespace bantam {

namespace {

using Sequence = ByteGrammar::Sequence;
using Symbol = ByteGrammar::Symbol;

class SchemaCompiler {
 public:
  SchemaCompiler(const Json& root, CompiledSchema& out)
      : root_(root), g_(out.grammar), json_(out.grammar) {}

  void compile(CompiledSchema& out) {
    const Symbol value = compile_at(root_, "#");
    out.start = g_.add_rule({{json_.space(), value}});
    if (g_.is_left_recursive()) {
      fail(
          ErrorCode::invalid_request,
          "#: the schema refers to itself without anything between");
    }
  }

 private:
  Symbol compile_at(const Json& schema, const std::string& path) {
    if (schema.is_boolean() && schema.get<bool>()) {
      return json_.any_value();
    }
    if (!schema.is_object()) {
      fail(
          ErrorCode::invalid_request,
          "{}: must be an object{}",
          path,
          schema.is_boolean() ? "; nothing satisfies false" : "");
    }
    const auto known = rules_.find(&schema);
    if (known != rules_.end()) {
      return ByteGrammar::rule(known->second);
    }
    const ByteGrammar::Rule rule = g_.add_rule();
    rules_[&schema] = rule;  // before its parts, which may refer to it
    for (Sequence& form : forms_of(schema, path)) {
      g_.add_alternative(rule, std::move(form));
    }
    return ByteGrammar::rule(rule);
  }

  std::vector<Sequence> forms_of(const Json& schema, const std::string& path) {
    SchemaKeywords keywords(schema, path);
    if (const Json* ref = keywords.find("$ref")) {
      keywords.refuse_others();
      return {{compile_at(resolve(*ref, path), path_of(*ref))}};
    }
    if (const Json* values = keywords.find("enum")) {
      keywords.find("type");
      keywords.refuse_others();
      return literals(*values, schema, path);
    }
    if (const Json* value = keywords.find("const")) {
      keywords.find("type");
      keywords.refuse_others();
      return literals(Json::array({*value}), schema, path);
    }
    for (const char* key : {"anyOf", "oneOf", "allOf"}) {
      if (const Json* list = keywords.find(key)) {
        if (schema.contains("type") && !restates_type(schema, *list)) {
          fail(
              ErrorCode::invalid_request,
              "{}: \"type\" beside \"{}\" is not supported; put it into the "
              "alternatives",
              path,
              key);
        }
        keywords.find("type");
        keywords.refuse_others();
        return alternatives(key, *list, path);
      }
    }
    return forms_by_type(schema, keywords, path);
  }

  std::vector<Sequence> forms_by_type(
      const Json& schema,
      SchemaKeywords& keywords,
      const std::string& path) {
    std::vector<Sequence> forms;
    const std::vector<std::string> types = keywords.types();
    for (const std::string& type : types) {
      forms.push_back({form_of_type(type, schema, keywords, path)});
    }
    if (types.empty()) {
      keywords.refuse_others();
      return {{json_.any_value()}};
    }
    keywords.refuse_others();
    return forms;
  }

  Symbol form_of_type(
      const std::string& type,
      const Json& schema,
      SchemaKeywords& keywords,
      const std::string& path) {
    if (type == "object") {
      return object(schema, keywords, path);
    }
    if (type == "array") {
      return array(keywords, path);
    }
    if (type == "string") {
      const auto [least, most] = keywords.bounds("minLength", "maxLength");
      return least == 0 && !most ? json_.string() : json_.string(least, most);
    }
    if (type == "boolean") {
      return json_.boolean();
    }
    if (type == "null") {
      return json_.null();
    }
    const bool whole = type == "integer";
    const NumberRange range = keywords.range(whole);
    return whole ? json_.integer(range) : json_.number(range);
  }

  Symbol array(SchemaKeywords& keywords, const std::string& path) {
    const auto [least, most] = keywords.bounds("minItems", "maxItems");
    const Json* items = keywords.find("items");
    const Symbol item = items == nullptr ? json_.any_value()
                                         : compile_at(*items, path + "/items");
    return json_.list('[', ']', {item}, least, most);
  }

  Symbol object(
      const Json& schema,
      SchemaKeywords& keywords,
      const std::string& path) {
    const Json* properties = keywords.find("properties");
    const Json* additional = keywords.find("additionalProperties");
    const std::vector<std::string> required = keywords.required();
    if (properties != nullptr && !properties->is_object()) {
      fail(
          ErrorCode::invalid_request,
          "{}: \"properties\" must be an object",
          path);
    }
    const bool closed = additional != nullptr && *additional == Json(false);
    std::vector<Property> list;
    if (properties != nullptr) {
      for (const auto& [name, value] : properties->items()) {
        list.push_back(
            {name,
             compile_at(value, path + "/properties/" + name),
             std::find(required.begin(), required.end(), name) !=
                 required.end()});
      }
    }
    for (const std::string& name : required) {
      if (properties != nullptr && properties->contains(name)) {
        continue;
      }
      if (closed) {
        fail(
            ErrorCode::invalid_request,
            "{}: \"{}\" is required, but is not among the properties",
            path,
            name);
      }
      const bool any = additional == nullptr || additional->is_boolean();
      list.push_back(
          {name,
           any ? json_.any_value()
               : compile_at(*additional, path + "/additionalProperties"),
           true});
    }
    if (!list.empty() || closed) {
      return properties_in_order(list);
    }
    if (additional == nullptr || additional->is_boolean()) {
      // An object of which nothing is said, not even that it has properties.
      return schema.contains("properties") ? properties_in_order({})
                                           : json_.any_object();
    }
    const Symbol value =
        compile_at(*additional, path + "/additionalProperties");
    return json_.list(
        '{', '}', join(json_.string(), json_.colon(), value), 0, std::nullopt);
  }

  struct Property {
    std::string name;
    Symbol value;
    bool required;
  };

  // tail[i][first]: what may follow when property i is next and `first` says
  // that none has been written yet. Built from the end.
  Symbol properties_in_order(const std::vector<Property>& list) {
    const Sequence end = join(json_.space(), g_.literal("}"));
    ByteGrammar::Rule first = g_.add_rule({end});
    ByteGrammar::Rule later = first;
    for (auto at = list.rbegin(); at != list.rend(); ++at) {
      const Sequence member = join(
          g_.literal(to_json_line(Json(at->name))), json_.colon(), at->value);
      const Sequence after = {ByteGrammar::rule(later)};
      std::vector<Sequence> firsts{join(json_.space(), member, after)};
      std::vector<Sequence> laters{join(json_.comma(), member, after)};
      if (!at->required) {
        firsts.push_back({ByteGrammar::rule(first)});
        laters.push_back({ByteGrammar::rule(later)});
      }
      first = g_.add_rule(std::move(firsts));
      later = g_.add_rule(std::move(laters));
    }
    return ByteGrammar::rule(
        g_.add_rule({join(g_.literal("{"), ByteGrammar::rule(first))}));
  }

  std::vector<Sequence> literals(
      const Json& values,
      const Json& schema,
      const std::string& path) {
    std::vector<Sequence> forms;
    if (!values.is_array() || values.empty()) {
      fail(ErrorCode::invalid_request, "{}: \"enum\" must be a list", path);
    }
    for (const Json& value : values) {
      if (!schema.contains("type") || has_type(value, schema["type"])) {
        forms.push_back(g_.literal(to_json_line(value)));
      }
    }
    if (forms.empty()) {
      fail(
          ErrorCode::invalid_request,
          "{}: no value of the list has the \"type\" beside it",
          path);
    }
    return forms;
  }

  std::vector<Sequence> alternatives(
      const std::string& key,
      const Json& list,
      const std::string& path) {
    if (!list.is_array() || list.empty()) {
      fail(
          ErrorCode::invalid_request,
          "{}: \"{}\" must be a list with something in it",
          path,
          key);
    }
    if (key == "allOf" && list.size() > 1) {
      fail(
          ErrorCode::invalid_request,
          "{}: \"allOf\" of more than one schema is not supported",
          path);
    }
    if (key == "oneOf") {
      const auto follow = [&](const Json& schema) -> const Json& {
        const bool refers = schema.is_object() && schema.contains("$ref");
        return refers ? resolve(schema["$ref"], path) : schema;
      };
      if (!exclude_one_another(list, follow)) {
        fail(
            ErrorCode::invalid_request,
            "{}: a value may satisfy two alternatives of \"oneOf\"; give them "
            "different types or a required property with different constants, "
            "or use \"anyOf\"",
            path);
      }
    }
    std::vector<Sequence> forms;
    for (size_t i = 0; i < list.size(); ++i) {
      forms.push_back(
          {compile_at(list[i], fmt::format("{}/{}/{}", path, key, i))});
    }
    return forms;
  }

  static std::string path_of(const Json& ref) {
    return ref.is_string() ? ref.get<std::string>() : "#";
  }

  const Json& resolve(const Json& ref, const std::string& path) {
    const std::string text = path_of(ref);
    const bool local = ref.is_string() &&
        (text == "#" || text.starts_with("#/$defs/") ||
         text.starts_with("#/definitions/"));
    if (local) {
      try {
        const Json::json_pointer pointer(text.substr(1));
        if (root_.contains(pointer)) {
          return root_.at(pointer);
        }
      } catch (const nlohmann::json::exception&) {
        // Told below: it is not a pointer.
      }
    }
    fail(
        ErrorCode::invalid_request,
        "{}: \"$ref\" is {}, which is not \"#\" or a definition below "
        "\"#/$defs/\"",
        path,
        to_json_line(ref));
  }

  const Json& root_;
  ByteGrammar& g_;
  JsonGrammar json_;
  std::map<const Json*, ByteGrammar::Rule> rules_;
};

// Rules that derive no text at all: nothing satisfies the schema.
bool derives_text(const CompiledSchema& compiled) {
  const ByteGrammar& g = compiled.grammar;
  std::vector<bool> productive(g.rule_count());
  for (bool changed = true; changed;) {
    changed = false;
    for (int32_t r = 0; r < g.rule_count(); ++r) {
      for (const Sequence& sequence : g.alternatives(r)) {
        const bool all = std::all_of(
            sequence.begin(), sequence.end(), [&](const Symbol& symbol) {
              return !symbol.is_rule || productive[symbol.index];
            });
        if (all && !productive[r]) {
          productive[r] = true;
          changed = true;
        }
      }
    }
  }
  return productive[compiled.start];
}

}  // namespace

CompiledSchema compile_json_schema(const Json& schema) {
  CompiledSchema compiled;
  SchemaCompiler(schema, compiled).compile(compiled);
  if (!derives_text(compiled)) {
    fail(ErrorCode::invalid_request, "#: no JSON value satisfies the schema");
  }
  return compiled;
}

}  // namespace bantam
