// JSON for the plain structs of the public headers: each says its keys once, in
//     static void fields(auto &self, auto &&visit)
// and the two visitors here write and read them. An empty optional is left out, or null where the struct says
// visit.nullable(). Enums go by to_string(), strings out of images are made safe with printable().
#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include <imgport/known.hpp>

#include "support/text.hpp"

namespace imgport {

using Json = nlohmann::ordered_json;

template <class T>
Json to_json(const T &value);
template <class T>
void from_json(const Json &json, T &value);

namespace json_detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_known = false;
template <class T>
inline constexpr bool is_known<Known<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class K, class T, class C>
inline constexpr bool is_map<std::map<K, T, C>> = true;

struct Writer {
    Json &out;

    template <class T>
    void operator()(const char *key, const T &value)
    {
        if constexpr (is_optional<T>) {
            if (value)
                out[key] = to_json(*value);
        } else {
            out[key] = to_json(value);
        }
    }
    template <class T>
    void nullable(const char *key, const std::optional<T> &value)
    {
        out[key] = value ? to_json(*value) : Json(nullptr);
    }
};

struct Reader {
    const Json &in;

    template <class T>
    void operator()(const char *key, T &value)
    {
        auto const found = in.find(key);
        if (found == in.end() || found->is_null())
            return;  // the default stays
        if constexpr (is_optional<T>)
            from_json(*found, value.emplace());
        else
            from_json(*found, value);
    }
    template <class T>
    void nullable(const char *key, std::optional<T> &value)
    {
        (*this)(key, value);
    }
};

// Looks an enum's name up by trying its values: they are few and start at 0.
template <class T>
T enum_from_string(const std::string &name)
{
    for (int i = 0; i < 64; ++i) {
        auto const value = static_cast<T>(i);
        std::string const candidate = to_string(value);
        if (candidate.empty())
            break;
        if (candidate == name)
            return value;
    }
    throw Json::type_error::create(302, "unknown name: " + name, nullptr);
}

}  // namespace json_detail

template <class T>
Json to_json(const T &value)
{
    using namespace json_detail;
    if constexpr (std::is_enum_v<T>) {
        return to_string(value);
    } else if constexpr (std::is_arithmetic_v<T>) {
        return value;
    } else if constexpr (std::is_same_v<T, std::string>) {
        return printable(value);
    } else if constexpr (is_known<T>) {
        return value ? to_json(*value) : Json{{"unknown", printable(value.reason())}};
    } else if constexpr (is_vector<T>) {
        Json out = Json::array();
        for (auto const &item : value)
            out.push_back(to_json(item));
        return out;
    } else if constexpr (is_map<T>) {
        Json out = Json::object();
        for (auto const &[key, item] : value)
            out[printable(key)] = to_json(item);
        return out;
    } else {
        Json out = Json::object();
        T::fields(value, Writer{out});
        return out;
    }
}

// Throws nlohmann's exceptions where the shape is wrong; callers that read files turn them into an Error.
template <class T>
void from_json(const Json &json, T &value)
{
    using namespace json_detail;
    if constexpr (std::is_enum_v<T>) {
        value = enum_from_string<T>(json.get<std::string>());
    } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
        value = json.get<T>();
    } else if constexpr (is_known<T>) {
        if (json.is_object() && json.size() == 1 && json.contains("unknown")) {
            value = Unknown{json["unknown"].template get<std::string>()};
        } else {
            std::remove_cvref_t<decltype(*value)> inner{};
            from_json(json, inner);
            value = std::move(inner);
        }
    } else if constexpr (is_vector<T>) {
        value.clear();
        for (auto const &item : json.get_ref<const Json::array_t &>())
            from_json(item, value.emplace_back());
    } else if constexpr (is_map<T>) {
        value.clear();
        for (auto const &[key, item] : json.get_ref<const Json::object_t &>())
            from_json(item, value[key]);
    } else {
        if (!json.is_object())
            throw Json::type_error::create(302, "an object was expected", nullptr);
        T::fields(value, Reader{json});
    }
}

}  // namespace imgport
