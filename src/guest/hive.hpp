// A registry hive, through hivex: its handle as an owner, keys by their paths, values checked. A hive comes out of an
// image, so nothing in it is trusted: hivex holds offsets against the cells it found, and this bounds the rest.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <imgport/error.hpp>
#include <imgport/file_tree.hpp>

struct hive_h;

namespace imgport {

// Windows itself holds SYSTEM to a quarter of the memory; real ones have 10 to 100 MiB.
inline constexpr std::uint64_t largest_hive = std::uint64_t{256} << 20;  // bytes

// One value as it lies in the hive.
struct HiveValue {
    std::string name;  // UTF-8, case as stored; "" is the key's default value
    std::uint32_t type = 0;
    std::string data = {};

    // REG_SZ and REG_EXPAND_SZ as UTF-8 up to the first NUL, broken surrogates as U+FFFD; nullopt for other types.
    std::optional<std::string> text() const;
    // REG_MULTI_SZ, empty strings left out; of REG_SZ the one.
    std::vector<std::string> texts() const;
    // REG_DWORD.
    std::optional<std::uint32_t> number() const;
};

class Hive {
public:
    using Key = std::size_t;  // hivex's hive_node_h, never 0

    // An error where the file is longer than `largest_hive`, or no hive. `path` must be a regular file of `tree`.
    static Result<Hive> open(FileTree &tree, const std::string &path);
    Hive(Hive &&) = default;
    Hive &operator=(Hive &&) = default;

    // Changes wait in the hive's log: what is read is the state before them.
    bool is_dirty() const { return m_dirty; }
    const std::string &path() const { return m_path; }

    // The key at a path such as "Setup\\State", whatever the case; nullopt where there is none. "" is the root.
    std::optional<Key> key(std::string_view path) { return key_below(m_root, path); }
    std::optional<Key> key_below(Key key, std::string_view path);

    struct Child {
        std::string name;
        Key key;
    };
    const std::vector<Child> &children(Key key);
    std::optional<HiveValue> value(Key key, std::string_view name);
    // All of them, in the order of the hive.
    std::vector<HiveValue> values(Key key);

    // The first damage that a question met with. What was answered after it is not to be relied on.
    bool failed() const { return !m_reason.empty(); }
    const std::string &reason() const { return m_reason; }

private:
    struct Close {
        void operator()(hive_h *handle) const;
    };
    Hive(std::unique_ptr<hive_h, Close> handle, std::string path, bool dirty);
    void fail_at(std::string_view what);
    std::optional<HiveValue> read_value(std::size_t value, std::string name);

    std::unique_ptr<hive_h, Close> m_handle;
    std::string m_path;
    std::string m_reason = {};
    bool m_dirty = false;
    Key m_root = 0;
    std::size_t m_names = 0;  // names of keys and values that were read
    std::size_t m_bytes = 0;  // of values
    std::unordered_map<Key, std::vector<Child>> m_children = {};
};

}  // namespace imgport
