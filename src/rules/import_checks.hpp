// The documented limits of ImportImage's texts, one function each. A problem is said in words that follow the quoted
// value: "'x' has 1 character; ...".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imgport {

// "cn-hangzhou", "us-east-1": the shape only, the cloud opens new ones.
bool is_region(std::string_view text);

std::optional<std::string> bucket_problem(std::string_view bucket);
std::optional<std::string> key_problem(std::string_view key);
std::optional<std::string> image_name_problem(std::string_view name);
std::optional<std::string> description_problem(std::string_view description);
std::optional<std::string> tag_key_problem(std::string_view key);
std::optional<std::string> tag_value_problem(std::string_view value);
// Of a RAM role or a resource group: an identifier.
std::optional<std::string> identifier_problem(std::string_view name);

// All that the API has known, whatever a profile says.
const std::vector<std::string> &all_platforms();

}  // namespace imgport
