#include "guest/bls.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "guest/loader_config.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_entry_size = 64 * 1024;  // bytes

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

template <class Predicate>
std::string_view take_while(std::string_view &text, Predicate predicate)
{
    auto const end = std::find_if_not(text.begin(), text.end(), predicate);
    auto const run = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(run.size());
    return run;
}

std::string_view without_zeroes(std::string_view digits)
{
    return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
}

}  // namespace

int compare_versions(std::string_view a, std::string_view b)
{
    auto const is_separator = [](char c) { return !is_alnum(c) && c != '~' && c != '^'; };
    while (!a.empty() || !b.empty()) {
        take_while(a, is_separator);
        take_while(b, is_separator);
        // A tilde sorts before everything, even the end.
        if (a.starts_with('~') || b.starts_with('~')) {
            if (!a.starts_with('~'))
                return 1;
            if (!b.starts_with('~'))
                return -1;
            a.remove_prefix(1);
            b.remove_prefix(1);
            continue;
        }
        // A caret sorts after the end and before everything else.
        if (a.starts_with('^') || b.starts_with('^')) {
            if (a.empty())
                return -1;
            if (b.empty())
                return 1;
            if (!a.starts_with('^'))
                return 1;
            if (!b.starts_with('^'))
                return -1;
            a.remove_prefix(1);
            b.remove_prefix(1);
            continue;
        }
        if (a.empty() || b.empty())
            break;
        bool const number = is_digit(a.front());
        auto const is_letter = [](char c) { return is_alnum(c) && !is_digit(c); };
        auto left = number ? take_while(a, is_digit) : take_while(a, is_letter);
        auto right = number ? take_while(b, is_digit) : take_while(b, is_letter);
        if (right.empty())
            return number ? 1 : -1;  // numbers are newer than letters
        if (number) {
            left = without_zeroes(left);
            right = without_zeroes(right);
            if (left.size() != right.size())
                return left.size() < right.size() ? -1 : 1;
        }
        if (int const order = left.compare(right); order != 0)
            return order;
    }
    if (a.empty() && b.empty())
        return 0;
    return a.empty() ? -1 : 1;
}

std::vector<BlsEntry> read_bls_entries(GuestFiles &files, const std::string &folder)
{
    std::vector<BlsEntry> entries;
    for (auto const &path : files.files_in(folder, ".conf")) {
        if (entries.size() == max_boot_entries) {
            files.fail(folder, fmt::format("more than {} entries", max_boot_entries));
            break;
        }
        auto const text = files.text(path, max_entry_size);
        if (!text)
            continue;
        BlsEntry entry;
        entry.file = path;
        entry.id = base_name(path);
        entry.id.resize(entry.id.size() - 5);
        std::uint64_t number = 0;
        for (auto line : lines_of(*text)) {
            ++number;
            line = trim(line);
            auto const blank = line.find_first_of(" \t");
            if (line.empty() || line.front() == '#' || blank == std::string_view::npos)
                continue;
            std::string_view const key = line.substr(0, blank);
            std::string const value(trim(line.substr(blank)));
            if (key == "title")
                entry.title = value;
            else if (key == "version")
                entry.version = value;
            else if (key == "sort-key")
                entry.sort_key = value;
            else if (key == "initrd")
                entry.initrds.push_back(value);
            else if (key == "options")
                entry.options += (entry.options.empty() ? "" : " ") + value;
            else if (key == "linux" || (key == "efi" && entry.kernel.empty())) {
                entry.kernel = value;
                entry.line = number;
            }
        }
        entries.push_back(std::move(entry));
    }
    return entries;
}

void sort_as_grub(std::vector<BlsEntry> &entries)
{
    std::stable_sort(entries.begin(), entries.end(), [](auto &a, auto &b) { return compare_versions(a.id, b.id) > 0; });
}

void sort_as_systemd(std::vector<BlsEntry> &entries)
{
    std::stable_sort(entries.begin(), entries.end(), [](const BlsEntry &a, const BlsEntry &b) {
        if (a.sort_key.empty() != b.sort_key.empty())
            return !a.sort_key.empty();
        if (!a.sort_key.empty()) {
            if (a.sort_key != b.sort_key)
                return a.sort_key < b.sort_key;
            if (int const order = compare_versions(a.version, b.version); order != 0)
                return order > 0;
        }
        return compare_versions(a.id, b.id) > 0;
    });
}

}  // namespace imgport
