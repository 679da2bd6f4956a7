// What can go wrong, and how it is handed up: every function that can fail returns a Result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace imgport {

// The kinds of failure a caller can act on. They map one to one onto exit codes (docs/contract.md).
enum class ErrorCode {
    usage,        // the caller asked for something that makes no sense: exit 2
    malformed,    // the input breaks its own format: exit 3
    refused,      // the input is well formed but unsafe to follow: exit 3
    unreadable,   // the input cannot be opened or read: exit 3
    environment,  // the machine lacks something (a tool, space, the appliance): exit 4
    remote,       // the other side failed or refused: exit 4
    unverified,   // the output is not what it should be: exit 5
    interrupted,  // the user stopped the work: exit 130
    unsupported,  // the input is well formed, but this reader does not know it: exit 3
};

// One failure: exact below, and with what the user needs above.
struct Error {
    ErrorCode code = ErrorCode::environment;
    std::string message;                       // what was wrong, in one line
    std::string file = {};                     // where: the path the user knows it by
    std::optional<std::uint64_t> offset = {};  // where in the file, in bytes
    std::string field = {};                    // the field of the format, in its specification's words
    std::string hint = {};                     // what to do about it
};

template <class T>
using Result = tl::expected<T, Error>;

// tl::unexpected with less to type: return fail(ErrorCode::malformed, "...").
inline tl::unexpected<Error> fail(ErrorCode code, std::string message)
{
    return tl::unexpected<Error>(Error{code, std::move(message)});
}
inline tl::unexpected<Error> fail(Error error)
{
    return tl::unexpected<Error>(std::move(error));
}

// "disk.qcow2: offset 24, l1_size: message (hint)", escaped for a terminal.
std::string describe(const Error &error);

// The word used in JSON ("malformed").
const char *to_string(ErrorCode code);
std::optional<ErrorCode> error_code_from_string(std::string_view word);

// 2, 3, 4, 5 or 130.
int exit_code(ErrorCode code);

}  // namespace imgport
