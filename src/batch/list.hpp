// Job lists as they are written: entries with their lines, not yet understood.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <imgport/batch.hpp>

namespace imgport {

struct ListValue {
    std::string key;
    std::vector<std::string> values = {};
    std::size_t line = 0;
    bool joined = false;  // several values may stand in one, with ";" between them
};

struct ListEntry {
    std::vector<ListValue> values = {};
    std::size_t line = 0;
};

struct WrittenList {
    ListEntry defaults = {};
    std::vector<ListEntry> images = {};
};

// Empty lines and lines that begin with # are skipped.
Result<WrittenList> parse_text_list(std::string_view text, const std::string &path);
// RFC 4180, the first record names the columns; an empty field says nothing, several values are separated by ";".
Result<WrittenList> parse_csv_list(std::string_view text, const std::string &path);
// [defaults] and [[image]].
Result<WrittenList> parse_toml_list(std::string_view text, const std::string &path);

// A usage error with its line.
Error list_error(const std::string &path, std::size_t line, const std::string &message);
// "unknown key 'profil'; did you mean 'profile'?"
std::string unknown_key(std::string_view what, std::string_view name, const std::vector<std::string> &valid);

}  // namespace imgport
