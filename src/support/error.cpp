#include <imgport/error.hpp>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {

std::string describe(const Error &error)
{
    std::string out;
    if (!error.file.empty())
        out += error.file + ": ";
    if (error.offset)
        out += fmt::format("offset {}, ", *error.offset);
    if (!error.field.empty())
        out += error.field + ": ";
    else if (error.offset)
        out.replace(out.size() - 2, 2, ": ");
    out += error.message;
    if (!error.hint.empty())
        out += fmt::format(" ({})", error.hint);
    return printable(out);
}

const char *to_string(ErrorCode code)
{
    switch (code) {
    case ErrorCode::usage: return "usage";
    case ErrorCode::malformed: return "malformed";
    case ErrorCode::refused: return "refused";
    case ErrorCode::unreadable: return "unreadable";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::environment: return "environment";
    case ErrorCode::remote: return "remote";
    case ErrorCode::unverified: return "unverified";
    case ErrorCode::interrupted: return "interrupted";
    }
    return "environment";
}

std::optional<ErrorCode> error_code_from_string(std::string_view word)
{
    for (auto const code :
         {ErrorCode::usage, ErrorCode::malformed, ErrorCode::refused, ErrorCode::unreadable, ErrorCode::environment,
          ErrorCode::remote, ErrorCode::unverified, ErrorCode::interrupted, ErrorCode::unsupported}) {
        if (word == to_string(code))
            return code;
    }
    return std::nullopt;
}

int exit_code(ErrorCode code)
{
    switch (code) {
    case ErrorCode::usage: return 2;
    case ErrorCode::malformed:
    case ErrorCode::refused:
    case ErrorCode::unreadable:
    case ErrorCode::unsupported: return 3;
    case ErrorCode::environment:
    case ErrorCode::remote: return 4;
    case ErrorCode::unverified: return 5;
    case ErrorCode::interrupted: return 130;
    }
    return 4;
}

}  // namespace imgport
