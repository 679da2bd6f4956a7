#include "filesystem/btrfs_cursor.hpp"

#include <fmt/format.h>

namespace imgport::btrfs {

// The node that the last step of the path leads to. Its level is one less, so no path is longer than most_levels.
Result<void> Cursor::push_child()
{
    auto const &[node, slot] = m_path.back();
    auto const child = node->child(slot);
    auto below =
        m_nodes.read({child.logical, child.generation, static_cast<std::uint8_t>(node->level() - 1), node->key(slot)});
    if (!below)
        return fail(below.error());
    m_path.push_back({std::move(*below), 0});
    return {};
}

Result<void> Cursor::descend(const Key &key)
{
    m_path.clear();
    auto top = m_nodes.read({m_root.logical, m_root.generation, m_root.level, {}});
    if (!top)
        return fail(top.error());
    m_path.push_back({std::move(*top), 0});
    for (;;) {
        auto &[node, slot] = m_path.back();
        slot = node->count_below(key, true);
        if (node->level() == 0)
            return {};
        if (slot > 0)
            --slot;
        if (auto const pushed = push_child(); !pushed)
            return pushed;
    }
}

Result<bool> Cursor::seek(const Key &key)
{
    if (auto const found = descend(key); !found)
        return fail(found.error());
    auto &[leaf, slot] = m_path.back();
    slot = leaf->count_below(key, false);
    return slot < leaf->size() ? Result<bool>(true) : next_leaf();
}

Result<bool> Cursor::seek_last(const Key &key)
{
    if (auto const found = descend(key); !found)
        return fail(found.error());
    // A leaf begins with the key that leads to it: where all of its keys are greater, so are all of the tree.
    auto &slot = m_path.back().slot;
    if (slot == 0)
        return false;
    --slot;
    return true;
}

Result<bool> Cursor::seek_exactly(const Key &wanted)
{
    auto const found = seek_last(wanted);
    return found ? Result<bool>(*found && key() == wanted) : found;
}

Result<bool> Cursor::next()
{
    auto &[leaf, slot] = m_path.back();
    return ++slot < leaf->size() ? Result<bool>(true) : next_leaf();
}

Result<bool> Cursor::next_leaf()
{
    auto const last = m_path.back();
    while (!m_path.empty()) {
        m_path.pop_back();
        if (!m_path.empty() && m_path.back().slot + 1 < m_path.back().node->size())
            break;
    }
    if (m_path.empty())
        return false;
    ++m_path.back().slot;
    while (m_path.back().node->level() > 0) {
        if (auto const pushed = push_child(); !pushed)
            return fail(pushed.error());
    }
    // What a subtree holds is less than the key behind it; otherwise a walk could come by the same items for ever.
    if (last.node->size() > 0 && last.node->key(last.node->size() - 1) >= key())
        return fail(ErrorCode::malformed, fmt::format("the tree node at logical address {} holds keys of the next one",
                                                      last.node->logical()));
    return true;
}

}  // namespace imgport::btrfs
