#include "filesystem/btrfs_node.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace imgport::btrfs {
namespace {

constexpr std::size_t checksum_space = 32;
constexpr std::size_t header_size = 101;
constexpr std::size_t item_size = 25;   // a key, the offset and the size of the data
constexpr std::size_t child_size = 33;  // a key, an address, a generation

Error broken(std::uint64_t logical, std::string what)
{
    return {ErrorCode::malformed,
            fmt::format("the tree node at logical address {} is damaged: {}", logical, what),
            {},
            {},
            {},
            {}};
}

Result<void> check_place(const Node &node, const NodePlace &place)
{
    if (node.generation() != place.generation)
        return fail(
            broken(place.logical, fmt::format("its generation is {}, not {}", node.generation(), place.generation)));
    if (node.level() != place.level)
        return fail(broken(place.logical, fmt::format("its level is {}, not {}", node.level(), place.level)));
    if (place.first_key && (node.size() == 0 || node.key(0) != *place.first_key))
        return fail(broken(place.logical, "its first key is not the one above it"));
    return {};
}

}  // namespace

Result<Node> Node::parse(std::vector<std::byte> bytes, std::uint64_t logical, const Uuid &metadata_uuid)
{
    Node node(std::move(bytes));
    Bytes const all(node.m_bytes);
    auto const bad = [&](std::string what) { return fail(broken(logical, std::move(what))); };
    if (node.logical() != logical)
        return bad(fmt::format("it says that it lies at {}", node.logical()));
    if (!std::equal(metadata_uuid.begin(), metadata_uuid.end(), all.begin() + 32))
        return bad("it belongs to another filesystem");
    if (node.level() >= most_levels)
        return bad(fmt::format("its level is {}", node.level()));
    std::size_t const space = all.size() - header_size;
    if (node.size() > space / node.slot_size() || (node.level() > 0 && node.size() == 0))
        return bad(fmt::format("it has {} items", node.size()));
    std::size_t const slots_end = node.size() * node.slot_size();
    for (std::size_t i = 0; i < node.size(); ++i) {
        if (i > 0 && node.key(i - 1) >= node.key(i))
            return bad(fmt::format("the key of item {} is not larger than the one before", i));
        if (node.level() > 0)
            continue;
        std::size_t const slot = header_size + i * item_size;
        auto const offset = load_le<std::uint32_t>(all, slot + key_size);
        auto const size = load_le<std::uint32_t>(all, slot + key_size + 4);
        if (offset < slots_end || !range_inside(offset, size, space))
            return bad(fmt::format("item {} has {} bytes at {}", i, size, offset));
    }
    return node;
}

std::size_t Node::slot_size() const
{
    return level() == 0 ? item_size : child_size;
}

Key Node::key(std::size_t slot) const
{
    return load_key(m_bytes, header_size + slot * slot_size());
}

std::size_t Node::count_below(const Key &wanted, bool or_equal) const
{
    std::size_t low = 0;
    std::size_t high = size();
    while (low < high) {
        std::size_t const middle = low + (high - low) / 2;
        Key const here = key(middle);
        if (here < wanted || (or_equal && here == wanted))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

Bytes Node::data(std::size_t slot) const
{
    std::size_t const at = header_size + slot * item_size + key_size;
    return Bytes(m_bytes).subspan(header_size + load_le<std::uint32_t>(m_bytes, at),
                                  load_le<std::uint32_t>(m_bytes, at + 4));
}

Node::Child Node::child(std::size_t slot) const
{
    std::size_t const at = header_size + slot * child_size + key_size;
    return {load_le<std::uint64_t>(m_bytes, at), load_le<std::uint64_t>(m_bytes, at + 8)};
}

Result<std::shared_ptr<const Node>> NodeStore::read(const NodePlace &place)
{
    if (auto const kept = m_by_logical.find(place.logical); kept != m_by_logical.end()) {
        if (auto const good = check_place(**kept->second, place); !good)
            return fail(good.error());
        m_nodes.splice(m_nodes.begin(), m_nodes, kept->second);
        return m_nodes.front();
    }
    auto const copies = m_chunks.find(place.logical, m_node_size);
    if (!copies)
        return fail(copies.error());
    auto node = read_copy(copies->first, place);
    if (!node && copies->second) {
        if (auto other = read_copy(*copies->second, place))
            node = std::move(other);
    }
    if (node)
        keep(*node);
    return node;
}

Result<std::shared_ptr<const Node>> NodeStore::read_copy(std::uint64_t at, const NodePlace &place)
{
    auto const located = [at](Error error) {
        error.offset = at;
        return fail(std::move(error));
    };
    if (!range_inside(at, m_node_size, m_volume->size()))
        return located(broken(place.logical, "it lies outside the volume"));
    std::vector<std::byte> bytes(m_node_size);
    if (auto const read = m_volume->read(at, bytes); !read)
        return fail(read.error());
    if (!m_checksum.matches(Bytes(bytes).subspan(checksum_space), bytes))
        return located(broken(place.logical, "its checksum is wrong"));
    auto node = Node::parse(std::move(bytes), place.logical, m_metadata_uuid);
    if (!node)
        return located(node.error());
    if (auto const good = check_place(*node, place); !good)
        return located(good.error());
    return std::make_shared<const Node>(std::move(*node));
}

void NodeStore::keep(std::shared_ptr<const Node> node)
{
    if ((m_nodes.size() + 1) * m_node_size > most_kept) {
        m_by_logical.erase(m_nodes.back()->logical());
        m_nodes.pop_back();
    }
    m_nodes.push_front(std::move(node));
    m_by_logical[m_nodes.front()->logical()] = m_nodes.begin();
}

}  // namespace imgport::btrfs
