#include "support/ssh_address.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::string_view scheme = "ssh://";
constexpr std::size_t longest_host = 255;
constexpr std::size_t longest_path = 4095;

tl::unexpected<Error> wrong(std::string message, std::string hint = "ssh://[USER@]HOST[:PORT]/dev/DEVICE")
{
    Error error{ErrorCode::usage, "the address ssh://... " + std::move(message)};
    error.hint = std::move(hint);
    return fail(std::move(error));
}

bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Made of letters, digits and `others`, and not to be taken for an option.
bool is_plain(std::string_view text, std::string_view others)
{
    return !text.empty() && text.front() != '-' && std::ranges::all_of(text, [&](char c) {
        return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
    });
}

bool has_control_characters(std::string_view text)
{
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

std::string SshAddress::shown_host() const
{
    return host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
}

std::string SshAddress::text() const
{
    return fmt::format("{}{}{}{}", scheme, shown_host(), port ? fmt::format(":{}", *port) : std::string(), path);
}

Result<SshAddress> parse_ssh_address(std::string_view text)
{
    if (!is_remote_source(text))
        return wrong("is none");
    text.remove_prefix(scheme.size());
    auto const slash = text.find('/');
    if (slash == std::string_view::npos || slash + 1 == text.size())
        return wrong("names no file on that machine");
    SshAddress address;
    address.path = text.substr(slash);
    if (address.path.size() > longest_path || has_control_characters(address.path))
        return wrong("has a path that no file has");
    std::string_view machine = text.substr(0, slash);
    if (auto const at = machine.rfind('@'); at != std::string_view::npos) {
        std::string_view const user = machine.substr(0, at);
        if (user.find(':') != std::string_view::npos)
            return wrong("has a password in it, where every process of this machine can read it",
                         "use a key, and an agent where the key has a passphrase");
        if (!is_plain(user, "._-+@") || user.size() > longest_host)
            return wrong("has a user that is no name");
        address.user = user;
        machine.remove_prefix(at + 1);
    }
    std::string_view port;
    if (machine.starts_with('[')) {
        auto const end = machine.find(']');
        if (end == std::string_view::npos || (end + 1 < machine.size() && machine[end + 1] != ':'))
            return wrong("has a bracket too few or too many");
        address.host = machine.substr(1, end - 1);
        port = machine.substr(std::min(end + 1, machine.size()));
        if (!is_plain(address.host, ":.%") || address.host.find(':') == std::string::npos)
            return wrong("has brackets around what is no IPv6 number");
    } else {
        auto const colon = machine.find(':');
        address.host = machine.substr(0, colon);
        port = colon == std::string_view::npos ? std::string_view() : machine.substr(colon);
        if (!is_plain(address.host, ".-_") || address.host.size() > longest_host)
            return wrong("has a host that is no name and no number");
    }
    if (!port.empty()) {
        auto const number = parse_number(port.substr(1));
        if (!number || *number == 0 || *number > 65535)
            return wrong("has a port that is no number from 1 to 65535");
        address.port = static_cast<std::uint16_t>(*number);
    }
    return address;
}

bool is_remote_source(std::string_view path)
{
    return path.starts_with(scheme);
}

Result<void> check_source_address(std::string_view path)
{
    if (!is_remote_source(path))
        return {};
    auto const address = parse_ssh_address(path);
    return address ? Result<void>() : fail(address.error());
}

std::string source_name(const std::string &path)
{
    if (!is_remote_source(path))
        return base_name(path);
    auto const address = parse_ssh_address(path);
    return address ? address->text() : std::string(scheme);
}

std::string source_machine(const std::string &path)
{
    auto const address = is_remote_source(path) ? parse_ssh_address(path) : Result<SshAddress>();
    std::string name = address ? address->host : std::string();
    std::ranges::replace_if(
        name, [](char c) { return c == ':' || c == '%'; }, '-');
    return name;
}

}  // namespace imgport
