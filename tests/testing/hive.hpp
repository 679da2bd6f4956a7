// Registry hives out of a few lines, for tests. The layout is that of Maxim Suhanov's "Windows registry file format
// specification": a base block of 4 KiB, then one bin with all the cells.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace imgport::testing {

class HiveMaker {
public:
    // Keys appear by themselves: "ControlSet001\\Services\\viostor".
    HiveMaker &key(std::string_view path)
    {
        find(path);
        return *this;
    }
    HiveMaker &raw(std::string_view path, std::string name, std::uint32_t type, std::string data)
    {
        auto &values = find(path).values;
        for (auto &value : values) {
            if (value.name == name) {
                value = {name, type, std::move(data)};
                return *this;
            }
        }
        values.push_back({std::move(name), type, std::move(data)});
        return *this;
    }
    HiveMaker &text(std::string_view path, std::string name, std::string_view text)
    {
        return raw(path, std::move(name), 1, utf16(text));
    }
    HiveMaker &number(std::string_view path, std::string name, std::uint32_t number)
    {
        return raw(path, std::move(name), 4, le(number, 4));
    }
    HiveMaker &texts(std::string_view path, std::string name, const std::vector<std::string> &texts)
    {
        std::string data;
        for (auto const &text : texts)
            data += utf16(text);
        return raw(path, std::move(name), 7, data + std::string(2, '\0'));
    }
    // Changes wait in the log.
    HiveMaker &dirty()
    {
        m_dirty = true;
        return *this;
    }

    std::string bytes() const
    {
        std::string cells(32, '\0');
        std::uint32_t const root = write(m_root, cells, none, true);
        std::size_t const bin = (cells.size() + 8 + 4095) / 4096 * 4096;
        std::uint32_t const rest = static_cast<std::uint32_t>(bin - cells.size());
        cells += le(rest, 4);  // a free cell
        cells.resize(bin, '\0');
        std::string const size = le(bin, 4);
        cells.replace(0, 12, "hbin" + le(0, 4) + size);
        std::string header = "regf" + le(m_dirty ? 2 : 1, 4) + le(1, 4) + le(0, 8) + le(1, 4) + le(5, 4) + le(0, 4) +
                             le(1, 4) + le(root, 4) + size + le(1, 4);
        header.resize(508, '\0');
        header += checksum(header);
        header.resize(4096, '\0');
        return header + cells;
    }

    // The checksum of a header that a test has changed.
    static void mend_checksum(std::string &hive) { hive.replace(508, 4, checksum(hive.substr(0, 508))); }

    static std::string utf16(std::string_view ascii)
    {
        std::string out;
        for (char const c : ascii)
            out += std::string{c, '\0'};
        return out + std::string(2, '\0');
    }
    static std::string le(std::uint64_t number, unsigned bytes)
    {
        std::string out;
        for (unsigned i = 0; i < bytes; ++i)
            out += static_cast<char>(number >> (8 * i) & 0xff);
        return out;
    }

private:
    static constexpr std::uint32_t none = 0xffffffff;
    struct Value {
        std::string name;
        std::uint32_t type;
        std::string data;
    };
    struct Key {
        std::string name;
        std::vector<Value> values = {};
        std::vector<std::unique_ptr<Key>> keys = {};
    };

    Key &find(std::string_view path)
    {
        Key *key = &m_root;
        while (!path.empty()) {
            auto const part = path.substr(0, path.find('\\'));
            path.remove_prefix(std::min(part.size() + 1, path.size()));
            Key *next = nullptr;
            for (auto const &child : key->keys) {
                if (child->name == part)
                    next = child.get();
            }
            if (next == nullptr) {
                key->keys.push_back(std::make_unique<Key>(Key{std::string(part)}));
                next = key->keys.back().get();
            }
            key = next;
        }
        return *key;
    }

    static std::string checksum(std::string_view header)
    {
        std::uint32_t sum = 0;
        for (std::size_t i = 0; i < 508; i += 4) {
            std::uint32_t word = 0;
            for (unsigned j = 0; j < 4; ++j)
                word |= static_cast<std::uint32_t>(static_cast<unsigned char>(header[i + j])) << (8 * j);
            sum ^= word;
        }
        return le(sum, 4);
    }

    // Appends a cell; its offset.
    static std::uint32_t cell(std::string &cells, const std::string &content)
    {
        auto const at = static_cast<std::uint32_t>(cells.size());
        std::size_t const size = (content.size() + 4 + 7) / 8 * 8;
        cells += le(~static_cast<std::uint64_t>(size) + 1, 4) + content;
        cells.resize(at + size, '\0');
        return at;
    }

    static std::uint32_t write(const Value &value, std::string &cells)
    {
        bool const inside = value.data.size() <= 4;
        std::string where = value.data;
        where.resize(4, '\0');
        if (!inside)
            where = le(cell(cells, value.data), 4);
        return cell(cells, "vk" + le(value.name.size(), 2) + le(value.data.size() | (inside ? 0x80000000U : 0U), 4) +
                               where + le(value.type, 4) + le(1, 2) + le(0, 2) + value.name);
    }

    static std::uint32_t write(const Key &key, std::string &cells, std::uint32_t parent, bool is_root)
    {
        std::string list;
        for (auto const &value : key.values)
            list += le(write(value, cells), 4);
        std::uint32_t const values = key.values.empty() ? none : cell(cells, list);
        std::string index = "lf" + le(key.keys.size(), 2);
        for (auto const &child : key.keys)
            index += le(write(*child, cells, parent, false), 4) + (child->name + "    ").substr(0, 4);
        std::uint32_t const keys = key.keys.empty() ? none : cell(cells, index);
        return cell(cells, "nk" + le(is_root ? 0x2c : 0x20, 2) + le(0, 8) + le(0, 4) + le(parent, 4) +
                               le(key.keys.size(), 4) + le(0, 4) + le(keys, 4) + le(none, 4) +
                               le(key.values.size(), 4) + le(values, 4) + le(none, 4) + le(none, 4) + le(0, 20) +
                               le(key.name.size(), 2) + le(0, 2) + key.name);
    }

    Key m_root{"ROOT"};
    bool m_dirty = false;
};

}  // namespace imgport::testing
