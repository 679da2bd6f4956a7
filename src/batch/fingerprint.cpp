#include "batch/fingerprint.hpp"

#include <algorithm>
#include <array>

#include <sys/stat.h>

#include <imgport/version.hpp>

#include "support/digest.hpp"
#include "support/file.hpp"
#include "support/json_fields.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t small_file = std::size_t{64} << 20;

std::string digest_of(const std::string &text)
{
    return hex_digest("SHA256", bytes_of(text));
}

// As `make` and `rsync` know a file: size and time; and by its inode, which a file that was put in its place has not.
// The device's number is left out: it need not be the same after a restart or on another machine.
Json identity_of(const std::string &path)
{
    struct stat st {};
    if (path.find("://") != std::string::npos)
        return {{"address", path}};
    if (::stat(path.c_str(), &st) != 0)
        return {{"missing", base_name(path)}};
    if (S_ISBLK(st.st_mode))
        return {{"device", path}};  // nothing tells whether it was written to
    return {{"file", base_name(path)},
            {"size", st.st_size},
            {"inode", st.st_ino},
            {"seconds", st.st_mtim.tv_sec},
            {"nanoseconds", st.st_mtim.tv_nsec}};
}

template <std::size_t n>
bool one_of(const std::string &name, const std::array<const char *, n> &names)
{
    for (const char *const other : names) {
        if (name == other)
            return true;
    }
    return false;
}

// What changes nothing in the result.
constexpr std::array not_part_of_it{"overwrite"};
// Files by their content: they are small, and edited in place.
constexpr std::array settings{"config", "baseline", "profile"};
// Images by their identity; the latter are plain names in the image's own folder.
constexpr std::array images{"data-disk"};
constexpr std::array companions{"allow-backing", "allow-extent"};

}  // namespace

const std::string &Fingerprints::content_of(const std::string &path)
{
    auto const found = m_contents.find(path);
    if (found != m_contents.end())
        return found->second;
    auto const text = read_text_file(path, small_file);
    return m_contents[path] = text ? digest_of(*text) : "unreadable";
}

std::string Fingerprints::of(const BatchJob &job)
{
    Json files = Json::array({identity_of(job.path)});
    Json options = Json::object();
    for (auto const &option : job.options) {
        if (one_of(option.name, not_part_of_it))
            continue;
        options[option.name] = option.values;
        for (auto const &value : option.values) {
            if (one_of(option.name, images))
                files.push_back(identity_of(value));
            else if (one_of(option.name, companions))
                files.push_back(identity_of(dir_name(job.path) + "/" + value));
            else if (one_of(option.name, settings) && value.find('/') != std::string::npos)
                files.push_back({{"content", content_of(value)}});
        }
    }
    Json const whole{{"tool", version()}, {"name", job.name}, {"files", files}, {"options", options}};
    return digest_of(whole.dump());
}

bool sources_there(const BatchJob &job)
{
    auto const is_there = [](const std::string &path) {
        struct stat st {};
        return path.find("://") != std::string::npos || ::stat(path.c_str(), &st) == 0;
    };
    auto const *const disks = job.option("data-disk");
    return is_there(job.path) &&
           (disks == nullptr || std::all_of(disks->values.begin(), disks->values.end(), is_there));
}

}  // namespace imgport
