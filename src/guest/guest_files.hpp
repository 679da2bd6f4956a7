// What the readers of guest files read through: the tree, with the first failure remembered. A reader goes straight
// on to its end and then answers its facts, or Unknown when anything on the way existed but could not be read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/file_tree.hpp>
#include <imgport/known.hpp>

namespace imgport {

// What configuration files are read with.
inline constexpr std::size_t guest_config_limit = 1024 * 1024;  // bytes

// One of these serves one reader, and bounds what that may cost: no honest guest comes near.
class GuestFiles {
public:
    static constexpr std::size_t max_lookups = 20'000;         // of files and folders
    static constexpr std::size_t max_text = 96 * 1024 * 1024;  // bytes of text in all
    static constexpr std::size_t max_entries = 20'000;         // in one folder

    explicit GuestFiles(FileTree &tree) : m_tree(tree) {}

    FileTree &tree() { return m_tree; }

    // The whole of a text file. nullopt where there is none; and, with the failure remembered, where it cannot be
    // read, is longer than `limit` or holds a NUL byte.
    std::optional<std::string> text(std::string_view path, std::size_t limit = guest_config_limit);

    std::optional<FileStat> stat(std::string_view path, FollowLinks follow = FollowLinks::yes);
    // With the immutable and append-only flags.
    std::optional<FileStat> stat_flags(std::string_view path);
    bool exists(std::string_view path) { return stat(path).has_value(); }
    bool is_directory(std::string_view path);

    // Sorted by name; nothing where there is no such directory. More than `max_entries` are a failure.
    std::vector<DirectoryEntry> list(std::string_view path);
    // The full paths of the files in a directory whose names end in `suffix`, sorted by name.
    std::vector<std::string> files_in(std::string_view path, std::string_view suffix);

    // The text of the link at `path`; nullopt where there is no link.
    std::optional<std::string> link(std::string_view path);
    // The path with every link resolved; nullopt where it leads nowhere.
    std::optional<std::string> resolve(std::string_view path);

    // Remembers that `path` could not be understood, unless something failed before.
    void fail(std::string_view path, std::string_view reason);
    // Takes over a failure that was found elsewhere, with the path in it.
    void fail_as(std::string_view reason);
    bool failed() const { return !m_reason.empty(); }
    const std::string &reason() const { return m_reason; }

    template <class T>
    Known<T> answer(T facts) const
    {
        if (failed())
            return Unknown{m_reason};
        return facts;
    }

private:
    std::optional<FileStat> remember_stat(std::string_view path, Result<std::optional<FileStat>> result);
    void remember(std::string_view path, const Error &error);

    // Counts a look-up; false, with the failure remembered, where there were too many.
    bool may_look(std::string_view path);

    FileTree &m_tree;
    std::string m_reason;
    std::size_t m_lookups = 0;
    std::size_t m_text = 0;  // bytes
};

}  // namespace imgport
