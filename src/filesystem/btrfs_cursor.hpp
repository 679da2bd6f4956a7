// A place in a tree, and the way from one item to the next.
#pragma once

#include <vector>

#include "filesystem/btrfs_node.hpp"

namespace imgport::btrfs {

class Cursor {
public:
    // The store must outlive it.
    Cursor(NodeStore &nodes, const Root &root) : m_nodes(nodes), m_root(root) {}

    // Goes to the first item whose key is not less. False: there is none.
    Result<bool> seek(const Key &key);
    // Goes to the last item whose key is not greater. False: there is none.
    Result<bool> seek_last(const Key &key);
    // Goes to that item. False: there is none.
    Result<bool> seek_exactly(const Key &key);
    // Only from an item. False: that was the last one.
    Result<bool> next();

    // Of the item it stands at. The data lives as long as the cursor stays there.
    Key key() const { return m_path.back().node->key(m_path.back().slot); }
    Bytes data() const { return m_path.back().node->data(m_path.back().slot); }

private:
    struct Step {
        std::shared_ptr<const Node> node;
        std::size_t slot;
    };

    // The leaf that would hold the key; its step's slot counts the keys that are less or equal.
    Result<void> descend(const Key &key);
    Result<void> push_child();
    Result<bool> next_leaf();

    NodeStore &m_nodes;
    Root m_root;
    std::vector<Step> m_path;  // from the root to a leaf
};

}  // namespace imgport::btrfs
