// A filesystem out of a map, for the tests of whatever reads guests.
#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "filesystem/mounted_tree.hpp"
#include "filesystem/raw_tree.hpp"

namespace imgport::testing {

class MemoryStream final : public FileStream {
public:
    explicit MemoryStream(std::string text) : m_text(std::move(text)) {}
    Result<std::size_t> read(std::span<std::byte> out) override
    {
        std::size_t const n = std::min(out.size(), m_text.size() - m_at);
        std::memcpy(out.data(), m_text.data() + m_at, n);
        m_at += n;
        return n;
    }

private:
    std::string m_text;
    std::size_t m_at = 0;
};

class MemoryTree final : public RawTree {
public:
    // Parents appear by themselves.
    MemoryTree &file(const std::string &path, std::string text, std::uint32_t mode = 0644)
    {
        parents(path);
        m_nodes[path] = {{FileKind::regular, mode, 0, 0, text.size(), {}, {}}, std::move(text)};
        return *this;
    }
    MemoryTree &link(const std::string &path, std::string target)
    {
        parents(path);
        m_nodes[path] = {{FileKind::symlink, 0777, 0, 0, target.size(), {}, {}}, std::move(target)};
        return *this;
    }
    MemoryTree &device(const std::string &path)
    {
        parents(path);
        m_nodes[path] = {{FileKind::character, 0, 0, 0, 0, {}, {}}, {}};
        return *this;
    }
    MemoryTree &directory(const std::string &path)
    {
        parents(path);
        m_nodes[path] = {{FileKind::directory, 0755, 0, 0, 0, {}, {}}, {}};
        return *this;
    }
    MemoryTree &remove(const std::string &path)
    {
        m_nodes.erase(path);
        return *this;
    }
    MemoryTree &immutable(const std::string &path)
    {
        m_nodes.at(path).immutable = true;
        return *this;
    }
    // Every access to that path fails: a damaged file.
    MemoryTree &broken(const std::string &path)
    {
        file(path, "");
        m_nodes.at(path).broken = true;
        return *this;
    }

    Result<std::optional<FileStat>> lstat(std::string_view path) override
    {
        auto const node = m_nodes.find(std::string(path));
        if (path == "/")
            return std::optional(FileStat{FileKind::directory, 0755, 0, 0, 0, {}, {}});
        if (node == m_nodes.end())
            return std::optional<FileStat>();
        return std::optional(node->second.stat);
    }
    Result<std::string> read_link(std::string_view path) override
    {
        auto const node = m_nodes.find(std::string(path));
        if (node == m_nodes.end() || node->second.stat.kind != FileKind::symlink)
            return fail(ErrorCode::malformed, std::string(path) + " is no link");
        return node->second.text;
    }
    Result<std::vector<DirectoryEntry>> list(std::string_view path) override
    {
        std::string const prefix = path == "/" ? "/" : std::string(path) + "/";
        std::vector<DirectoryEntry> entries;
        for (auto const &[name, node] : m_nodes) {
            if (name.starts_with(prefix) && name.find('/', prefix.size()) == std::string::npos)
                entries.push_back({name.substr(prefix.size()), node.stat.kind});
        }
        return entries;
    }
    Result<std::unique_ptr<FileStream>> open(std::string_view path) override
    {
        auto const node = m_nodes.find(std::string(path));
        if (node == m_nodes.end() || node->second.stat.kind != FileKind::regular)
            return fail(ErrorCode::malformed, std::string(path) + " is no file");
        if (node->second.broken)
            return fail(ErrorCode::unreadable, std::string(path) + ": input/output error");
        return std::make_unique<MemoryStream>(node->second.text);
    }
    Result<std::optional<Flags>> flags(std::string_view path) override
    {
        auto const node = m_nodes.find(std::string(path));
        if (node == m_nodes.end())
            return std::optional<Flags>();
        return std::optional(Flags{node->second.immutable, false});
    }

private:
    struct Node {
        FileStat stat;
        std::string text;
        bool immutable = false;
        bool broken = false;
    };
    void parents(const std::string &path)
    {
        for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
            m_nodes.try_emplace(path.substr(0, slash), Node{{FileKind::directory, 0755, 0, 0, 0, {}, {}}, {}});
    }
    std::map<std::string, Node> m_nodes;
};

}  // namespace imgport::testing
