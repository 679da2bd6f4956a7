#include "rules/import_checks.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

bool is_ascii_letter(char32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The CJK ideographs of the Unicode Standard (Blocks.txt), and 〇.
bool is_chinese(char32_t c)
{
    return (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x4e00 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) ||
           (c >= 0x20000 && c <= 0x323af) || c == 0x3007;
}

bool begins_with(std::string_view text, std::string_view lower_case_prefix)
{
    return to_lower(text.substr(0, lower_case_prefix.size())) == lower_case_prefix;
}

bool holds_address(std::string_view text)
{
    std::string const lower = to_lower(text);
    return lower.find("http://") != std::string::npos || lower.find("https://") != std::string::npos;
}

}  // namespace

std::optional<std::string> image_name_problem(std::string_view name)
{
    auto const points = code_points(name);
    if (!points)
        return "is not UTF-8";
    if (points->size() < 2 || points->size() > 128)
        return fmt::format("has {} character{}; an image's name has 2 to 128", points->size(),
                           points->size() == 1 ? "" : "s");
    if (holds_address(name))
        return "must not hold http:// or https://";
    if (!is_ascii_letter(points->front()) && !is_chinese(points->front()))
        return "must begin with a letter or a Chinese character";
    for (std::string_view const prefix : {"acs:", "aliyun"}) {
        if (begins_with(name, prefix))
            return fmt::format("must not begin with {}", prefix);
    }
    bool const allowed = std::all_of(points->begin(), points->end(), [](char32_t c) {
        return is_ascii_letter(c) || is_chinese(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == ':' ||
               c == '-';
    });
    if (!allowed)
        return "may hold letters, Chinese characters, digits and . _ : - only";
    return std::nullopt;
}

std::optional<std::string> description_problem(std::string_view description)
{
    auto const points = code_points(description);
    if (!points)
        return "is not UTF-8";
    if (points->size() < 2 || points->size() > 256)
        return fmt::format("has {} character{}; a description has 2 to 256", points->size(),
                           points->size() == 1 ? "" : "s");
    if (begins_with(description, "http://") || begins_with(description, "https://"))
        return "must not begin with http:// or https://";
    return std::nullopt;
}

std::optional<std::string> tag_key_problem(std::string_view key)
{
    auto const points = code_points(key);
    if (!points)
        return "is not UTF-8";
    if (points->empty() || points->size() > 128)
        return fmt::format("has {} characters; a tag's key has 1 to 128", points->size());
    for (std::string_view const prefix : {"aliyun", "acs:"}) {
        if (begins_with(key, prefix))
            return fmt::format("must not begin with {}", prefix);
    }
    if (holds_address(key))
        return "must not hold http:// or https://";
    return std::nullopt;
}

std::optional<std::string> tag_value_problem(std::string_view value)
{
    auto const points = code_points(value);
    if (!points)
        return "is not UTF-8";
    if (points->size() > 128)
        return fmt::format("has {} characters; a tag's value has 128 at most", points->size());
    return std::nullopt;
}

std::optional<std::string> identifier_problem(std::string_view name)
{
    if (name.empty() || name.size() > 64)
        return fmt::format("has {} characters; 1 to 64 are allowed", name.size());
    bool const allowed = std::all_of(name.begin(), name.end(), [](char c) {
        return is_ascii_letter(static_cast<unsigned char>(c)) || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.' || c == '@';
    });
    return allowed ? std::nullopt : std::optional<std::string>("may hold letters, digits and . _ - @ only");
}

const std::vector<std::string> &all_platforms()
{
    static const std::vector<std::string> platforms{"Aliyun",
                                                    "Anolis",
                                                    "CentOS",
                                                    "Ubuntu",
                                                    "CoreOS",
                                                    "SUSE",
                                                    "Debian",
                                                    "OpenSUSE",
                                                    "FreeBSD",
                                                    "RedHat",
                                                    "Kylin",
                                                    "UOS",
                                                    "Fedora",
                                                    "Fedora CoreOS",
                                                    "CentOS Stream",
                                                    "AlmaLinux",
                                                    "Rocky Linux",
                                                    "Gentoo",
                                                    "Customized Linux",
                                                    "Others Linux",
                                                    "Windows Server 2022",
                                                    "Windows Server 2019",
                                                    "Windows Server 2016",
                                                    "Windows Server 2012",
                                                    "Windows Server 2008",
                                                    "Windows Server 2003"};
    return platforms;
}

}  // namespace imgport
