// A container that is a plain file: random access to all of it.
#pragma once

#include "format/container.hpp"
#include "support/file.hpp"

namespace imgport {

class FileContainer final : public Container {
public:
    explicit FileContainer(InputFile file) : m_file(std::move(file)) {}

    std::optional<std::uint64_t> size() const override { return m_file.size(); }
    bool has(std::uint64_t offset, std::uint64_t length) const override;
    Result<std::vector<std::byte>> read(std::uint64_t offset, std::size_t length) override;
    const std::string &path() const override { return m_file.path(); }

    const InputFile &file() const { return m_file; }

private:
    InputFile m_file;
};

}  // namespace imgport
