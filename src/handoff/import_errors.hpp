// The error codes of ImportImage and of its task in the user's terms: what, which parameter, what to do.
#pragma once

#include <string>
#include <string_view>

#include "cloud/api_client.hpp"

namespace imgport {

inline constexpr std::string_view import_role = "AliyunECSImageImportDefaultRole";

// What the messages may name; empty where it was not said.
struct ImportCallContext {
    std::string region;
    std::string bucket;
    std::string object;
    std::string image_name = {};
    std::string format = {};
    std::string platform = {};
    std::string architecture = {};
    std::string role = {};  // empty: the usual one
};

// A code that is not one of the import's keeps the error that it has.
Error describe_import_failure(const ApiFailure &failure, const ImportCallContext &context);

// Of a task that has failed: the code and the words are the cloud's.
Error describe_failed_task(const std::string &code, const std::string &message, const ImportCallContext &context);

}  // namespace imgport
