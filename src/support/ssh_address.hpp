// ssh://[USER@]HOST[:PORT]/PATH: a file or a device of another machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <imgport/remote_source.hpp>

namespace imgport {

// As whom a file of another machine is read.
enum class RemoteUser {
    login,  // whoever logs in
    root,   // by sudo, which may not ask for a password
};

struct SshAddress {
    std::string user = {};                   // empty: whoever the user's configuration says
    std::string host;                        // a name, perhaps one of the user's configuration, or a number
    std::optional<std::uint16_t> port = {};  // none: likewise
    std::string path;                        // absolute, as written: nothing is decoded

    // "ssh://HOST[:PORT]/PATH", without the user.
    std::string text() const;
    // "HOST", for messages; an IPv6 number in brackets.
    std::string shown_host() const;
};

// An error (usage) where it is none, or where one of its parts could be taken for something else than it is: by ssh for
// an option, or by a shell for a command. A password is refused, and no part of what was given stands in the error.
Result<SshAddress> parse_ssh_address(std::string_view text);

}  // namespace imgport
