// A container that is a plain file: random access to all of it.
#pragma once

#include "format/container.hpp"
#include "support/file.hpp"

namespace imgport {

// Of a file that outlives it.
class FileView final : public Container {
public:
    explicit FileView(const InputFile &file) : m_file(file) {}

    std::optional<std::uint64_t> size() const override { return m_file.size(); }
    bool has(std::uint64_t offset, std::uint64_t length) const override;
    Result<std::vector<std::byte>> read(std::uint64_t offset, std::size_t length) override;
    const std::string &path() const override { return m_file.path(); }

private:
    const InputFile &m_file;
};

// Of a file of its own.
class FileContainer final : public Container {
public:
    explicit FileContainer(InputFile file) : m_file(std::move(file)) {}

    std::optional<std::uint64_t> size() const override { return m_view.size(); }
    bool has(std::uint64_t offset, std::uint64_t length) const override { return m_view.has(offset, length); }
    Result<std::vector<std::byte>> read(std::uint64_t offset, std::size_t length) override
    {
        return m_view.read(offset, length);
    }
    const std::string &path() const override { return m_view.path(); }

    const InputFile &file() const { return m_file; }

private:
    InputFile m_file;
    FileView m_view{m_file};
};

}  // namespace imgport
