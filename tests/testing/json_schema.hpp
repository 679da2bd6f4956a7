// The JSON Schema (draft 2020-12) of what support/json_fields.hpp writes, out of the same fields(): docs/schemas/
// cannot say anything else than the program does. Keys may be added to a document, so no object is closed.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/json_fields.hpp"

namespace imgport::testing {

template <class T>
Json schema_of();

namespace schema_detail {

struct SchemaWriter {
    Json &properties;
    Json &required;

    template <class T>
    void operator()(const char *key, const T &)
    {
        if constexpr (json_detail::is_optional<T>) {
            properties[key] = schema_of<typename T::value_type>();
        } else {
            properties[key] = schema_of<T>();
            required.push_back(key);
        }
    }
    template <class T>
    void nullable(const char *key, const std::optional<T> &)
    {
        properties[key] = {{"anyOf", Json::array({schema_of<T>(), Json{{"type", "null"}}})}};
        required.push_back(key);
    }
};

}  // namespace schema_detail

template <class T>
Json schema_of()
{
    using namespace json_detail;
    if constexpr (std::is_enum_v<T>) {
        Json names = Json::array();
        for (int i = 0; i < 64 && *to_string(static_cast<T>(i)) != '\0'; ++i)
            names.push_back(to_string(static_cast<T>(i)));
        return {{"enum", names}};
    } else if constexpr (std::is_same_v<T, bool>) {
        return {{"type", "boolean"}};
    } else if constexpr (std::is_integral_v<T>) {
        Json out{{"type", "integer"}};
        if constexpr (std::is_unsigned_v<T>)
            out["minimum"] = 0;
        return out;
    } else if constexpr (std::is_arithmetic_v<T>) {
        return {{"type", "number"}};
    } else if constexpr (std::is_same_v<T, std::string>) {
        return {{"type", "string"}};
    } else if constexpr (is_known<T>) {
        Json const reason{{"type", "object"},
                          {"properties", {{"unknown", {{"type", "string"}}}}},
                          {"required", Json::array({"unknown"})},
                          {"additionalProperties", false}};
        using Value = std::remove_cvref_t<decltype(*std::declval<T>())>;
        return {{"anyOf", Json::array({schema_of<Value>(), reason})}};
    } else if constexpr (is_vector<T>) {
        return {{"type", "array"}, {"items", schema_of<typename T::value_type>()}};
    } else if constexpr (is_map<T>) {
        return {{"type", "object"}, {"additionalProperties", schema_of<typename T::mapped_type>()}};
    } else {
        Json properties = Json::object();
        Json required = Json::array();
        T const value{};
        T::fields(value, schema_detail::SchemaWriter{properties, required});
        return {{"type", "object"}, {"properties", properties}, {"required", required}};
    }
}

// The schema of a whole document: {"schema": "imgport.NAME/1", ...}.
inline Json document_schema(const std::string &name, const std::string &title, Json properties, Json required)
{
    Json all{{"schema", {{"const", "imgport." + name + "/1"}}}};
    all.update(properties);
    required.insert(required.begin(), "schema");
    return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
            {"title", "imgport." + name + "/1"},
            {"description", title},
            {"type", "object"},
            {"properties", all},
            {"required", required}};
}

inline Json array_of(Json items)
{
    return {{"type", "array"}, {"items", std::move(items)}};
}

// Whether docs/schemas/NAME-1.json is that schema; with IMGPORT_WRITE_DOCS=1 it is written.
inline bool schema_is_documented(const std::string &name, const Json &schema)
{
    auto const path = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "docs" / "schemas" /
                      (name + "-1.json");
    std::string const wanted = schema.dump(1) + "\n";
    if (std::getenv("IMGPORT_WRITE_DOCS") != nullptr) {
        std::ofstream(path) << wanted;
        return true;
    }
    std::ifstream in(path);
    return std::string((std::istreambuf_iterator<char>(in)), {}) == wanted;
}

}  // namespace imgport::testing
