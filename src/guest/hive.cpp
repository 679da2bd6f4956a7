#include "guest/hive.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <hivex.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>

#include "format/reading.hpp"
#include "support/bytes.hpp"
#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// hivex looks at the fixed part of a cell, and at the offsets of an index, before it holds their length against the
// cell's: at the end of the file that would be outside of its mapping. So there is something behind the end. An index
// has at most 65,535 entries of 8 bytes.
constexpr std::size_t padding = std::size_t{1} << 20;  // bytes

constexpr std::size_t smallest_hive = 0x2000;              // bytes: the header and one bin of cells
constexpr std::size_t most_names = 1'000'000;              // SYSTEM has 100,000 keys, and few of them are asked for
constexpr std::size_t most_bytes = std::size_t{64} << 20;  // of values

struct Free {
    void operator()(void *memory) const { std::free(memory); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// The bytes in a file that nobody else sees and nobody can change any more.
Result<Fd> private_copy(FileStream &stream, std::uint64_t size, const std::string &path, bool &dirty)
{
    constexpr std::size_t fixed = 44;  // bytes of the header that are looked at here
    Fd fd(::memfd_create("hive", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd)
        return fail(system_error(ErrorCode::environment, "no memory for a registry hive", path, errno));
    std::vector<std::byte> buffer(std::size_t{1} << 20);
    std::uint64_t copied = 0;
    while (copied < size) {
        auto const n = stream.read(std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), size - copied)));
        if (!n)
            return fail(n.error());
        if (*n == 0)
            return fail(ErrorCode::malformed, fmt::format("the file ends after {} of {} bytes", copied, size));
        for (std::size_t at = 0; at < *n;) {
            ssize_t const written = ::write(fd.get(), buffer.data() + at, *n - at);
            if (written < 0 && errno == EINTR)
                continue;
            if (written <= 0)
                return fail(system_error(ErrorCode::environment, "no memory for a registry hive", path, errno));
            at += static_cast<std::size_t>(written);
        }
        copied += *n;
    }
    // Read back, since a stream may give the header in pieces.
    if (::pread(fd.get(), buffer.data(), fixed, 0) != static_cast<ssize_t>(fixed))
        return fail(system_error(ErrorCode::environment, "a registry hive could not be read back", path, errno));
    if (begins_with(buffer, "regf")) {
        // Windows counts the first sequence number up before it writes, the second one after.
        dirty = load_le<std::uint32_t>(buffer, 4) != load_le<std::uint32_t>(buffer, 8);
        // hivex would take the padding for the rest of it.
        std::uint64_t const bins = load_le<std::uint32_t>(buffer, 40);
        if (4096 + bins > size)
            return fail(ErrorCode::malformed,
                        fmt::format("{}: the registry hive is cut short: {} of {} bytes", path, size, 4096 + bins));
    }
    if (::ftruncate(fd.get(), static_cast<off_t>(size + padding)) != 0 ||
        ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        return fail(system_error(ErrorCode::environment, "a registry hive could not be set aside", path, errno));
    return fd;
}

}  // namespace

// ------------------------------------------------------------------------------------------------------------ values

std::optional<std::string> HiveValue::text() const
{
    if (type != hive_t_REG_SZ && type != hive_t_REG_EXPAND_SZ)
        return std::nullopt;
    return utf8_from_utf16le(bytes_of(data));
}

std::vector<std::string> HiveValue::texts() const
{
    if (type != hive_t_REG_MULTI_SZ) {
        auto one = text();
        return one && !one->empty() ? std::vector<std::string>{std::move(*one)} : std::vector<std::string>();
    }
    std::vector<std::string> all;
    HiveValue piece{{}, hive_t_REG_SZ, {}};
    for (std::size_t at = 0; at + 2 <= data.size(); at += 2) {
        if (data[at] != '\0' || data[at + 1] != '\0') {
            piece.data.append(data, at, 2);
            continue;
        }
        if (auto one = piece.text(); one && !one->empty())
            all.push_back(std::move(*one));
        piece.data.clear();
    }
    if (auto one = piece.text(); one && !one->empty())
        all.push_back(std::move(*one));
    return all;
}

std::optional<std::uint32_t> HiveValue::number() const
{
    if (type != hive_t_REG_DWORD || data.size() != 4)
        return std::nullopt;
    return load_le<std::uint32_t>(bytes_of(data), 0);
}

// -------------------------------------------------------------------------------------------------------------- hive

void Hive::Close::operator()(hive_h *handle) const
{
    hivex_close(handle);
}

Hive::Hive(std::unique_ptr<hive_h, Close> handle, std::string path, bool dirty)
    : m_handle(std::move(handle)), m_path(std::move(path)), m_dirty(dirty), m_root(hivex_root(m_handle.get()))
{}

Result<Hive> Hive::open(FileTree &tree, const std::string &path)
{
    auto const status = tree.stat(path);
    if (!status)
        return fail(status.error());
    if (!*status || (*status)->kind != FileKind::regular)
        return fail(ErrorCode::malformed, path + ": there is no such file");
    std::uint64_t const size = (*status)->size;
    if (size < smallest_hive || size > largest_hive)
        return fail(ErrorCode::malformed,
                    fmt::format("{}: {} is no size of a registry hive, which has {} to {}", path, human_size(size),
                                human_size(smallest_hive), human_size(largest_hive)));
    auto const stream = tree.open(path);
    if (!stream)
        return fail(stream.error());
    bool dirty = false;
    auto const copy = private_copy(**stream, size, path, dirty);
    if (!copy)
        return fail(copy.error());
    // hivex opens it once more and maps it, so the descriptor can go.
    std::unique_ptr<hive_h, Close> handle(hivex_open(descriptor_path(copy->get()).c_str(), 0));
    if (handle == nullptr)
        return fail(errno == ENOMEM ? ErrorCode::environment : ErrorCode::malformed,
                    fmt::format("{}: not a registry hive, or a damaged one", path));
    Hive hive(std::move(handle), path, dirty);
    if (hive.m_root == 0)
        return fail(ErrorCode::malformed, fmt::format("{}: the registry hive has no root key", path));
    return hive;
}

void Hive::fail_at(std::string_view what)
{
    if (m_reason.empty())
        m_reason = fmt::format("{}: the registry hive is damaged ({})", m_path, what);
}

const std::vector<Hive::Child> &Hive::children(Key key)
{
    if (auto const found = m_children.find(key); found != m_children.end())
        return found->second;
    std::vector<Child> &children = m_children[key];
    Owned<hive_node_h> const nodes(hivex_node_children(m_handle.get(), key));
    if (nodes == nullptr) {
        fail_at("a list of keys");
        return children;
    }
    for (const hive_node_h *node = nodes.get(); *node != 0; ++node) {
        if (++m_names > most_names) {
            fail_at("too many keys");
            break;
        }
        Owned<char> const name(hivex_node_name(m_handle.get(), *node));
        if (name == nullptr)
            fail_at("the name of a key");
        else
            children.push_back({name.get(), *node});
    }
    return children;
}

std::optional<Hive::Key> Hive::key_below(Key key, std::string_view path)
{
    while (!path.empty()) {
        std::string_view const part = path.substr(0, path.find('\\'));
        path.remove_prefix(std::min(part.size() + 1, path.size()));
        std::string const wanted = to_lower(part);
        auto const &all = children(key);
        auto const found =
            std::find_if(all.begin(), all.end(), [&](const Child &child) { return to_lower(child.name) == wanted; });
        if (found == all.end())
            return std::nullopt;
        key = found->key;
    }
    return key;
}

std::optional<HiveValue> Hive::read_value(std::size_t value, std::string name)
{
    hive_type type{};
    std::size_t length = 0;
    Owned<char> const data(hivex_value_value(m_handle.get(), value, &type, &length));
    if (data == nullptr) {
        fail_at(fmt::format("the value '{}'", printable(name, 100)));
        return std::nullopt;
    }
    m_bytes += length;
    if (m_bytes > most_bytes) {
        fail_at("too many values");
        return std::nullopt;
    }
    // Hives hold types that the enumeration does not, honest ones too (of device properties).
    std::uint32_t number = 0;
    static_assert(sizeof number == sizeof type);
    std::memcpy(&number, &type, sizeof number);
    return HiveValue{std::move(name), number, std::string(data.get(), length)};
}

std::optional<HiveValue> Hive::value(Key key, std::string_view name)
{
    Owned<hive_value_h> const all(hivex_node_values(m_handle.get(), key));
    if (all == nullptr)
        fail_at("a list of values");
    std::string const wanted = to_lower(name);
    for (const hive_value_h *value = all.get(); value != nullptr && *value != 0; ++value) {
        if (++m_names > most_names) {
            fail_at("too many values");
            break;
        }
        Owned<char> stored(hivex_value_key(m_handle.get(), *value));
        if (stored == nullptr) {
            fail_at("the name of a value");
            break;
        }
        if (to_lower(stored.get()) == wanted)
            return read_value(*value, stored.get());
    }
    return std::nullopt;
}

std::vector<HiveValue> Hive::values(Key key)
{
    std::vector<HiveValue> read;
    Owned<hive_value_h> const all(hivex_node_values(m_handle.get(), key));
    if (all == nullptr)
        fail_at("a list of values");
    for (const hive_value_h *value = all.get(); value != nullptr && *value != 0 && !failed(); ++value) {
        Owned<char> const name(hivex_value_key(m_handle.get(), *value));
        if (++m_names > most_names || name == nullptr)
            fail_at(name == nullptr ? "the name of a value" : "too many values");
        else if (auto one = read_value(*value, name.get()))
            read.push_back(std::move(*one));
    }
    return read;
}

}  // namespace imgport
