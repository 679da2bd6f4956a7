// The places where keys lie. Each says what it has, that it has nothing (nullopt), or what is wrong with it; no error
// quotes what stands in a file.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <imgport/error.hpp>

#include "cloud/credentials.hpp"
#include "cloud/http.hpp"

namespace imgport {

// What the places are looked for in; tests have their own.
struct Surroundings {
    std::function<std::string(const std::string &name)> environment;  // empty: not set
    std::string home = {};                                            // empty: there is none
    std::string metadata = {};                                        // "http://100.100.100.200"
    std::string roles = {};  // where keys of roles are given: "https://sts.aliyuncs.com"

    std::string get(const std::string &name) const { return environment(name); }
    // Set to "true", in any case.
    bool on(const std::string &name) const;
    // A file in the user's home by the name the user knows: "~/.aws/config".
    std::string in_home(const std::string &name) const;
};
Surroundings surroundings_of_process(std::string metadata, std::string roles = {});

using MaybeCredentials = Result<std::optional<Credentials>>;

struct CredentialPlace {
    std::string name;  // for the user, where none has any
    std::function<MaybeCredentials()> look;
};

// Tries the places in order and keeps what it found until shortly before it expires. `remedy`: the hint where none has
// any. `pause`: after it has looked, while what it has still serves.
std::unique_ptr<CredentialSource> first_of(std::string cloud, std::vector<CredentialPlace> places, std::string remedy,
                                           std::chrono::milliseconds pause = std::chrono::seconds(20));

std::unique_ptr<CredentialSource> alibaba_credentials(HttpTransport &http, const Surroundings &around);
std::unique_ptr<CredentialSource> aws_credentials(HttpTransport &http, const Surroundings &around);

// Three variables, of which the token may be missing.
MaybeCredentials from_environment(const Surroundings &around, const std::string &id, const std::string &secret,
                                  const std::string &token);

// Whole; blanks around each part are cut off. An error where a part is missing or could not be sent.
MaybeCredentials checked(Credentials found);

// A small file; nullopt where there is none.
Result<std::optional<std::string>> read_if_there(const std::string &path);

// "2026-01-01T00:00:00Z"; nullopt where it is no such date.
std::optional<std::chrono::system_clock::time_point> parse_utc(const std::string &text);

}  // namespace imgport
