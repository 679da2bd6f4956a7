// A device inside the appliance, a logical volume, as a Disk.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <utility>

#include <imgport/disk.hpp>

namespace imgport {

class GuestfsHandle;

class DeviceDisk final : public Disk {
public:
    // An error (unreadable) where the appliance has no such device.
    static Result<std::shared_ptr<DeviceDisk>> open(std::shared_ptr<GuestfsHandle> handle, const std::string &device);

    std::uint64_t size() const override { return m_size; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override;

private:
    DeviceDisk(std::shared_ptr<GuestfsHandle> handle, std::string device, std::uint64_t size);
    // As much as one call brings, at most out.size() bytes.
    Result<std::size_t> fetch(std::uint64_t offset, std::span<std::byte> out);

    std::shared_ptr<GuestfsHandle> m_handle;
    std::string m_device;
    std::uint64_t m_size;
    // A call takes milliseconds: small reads are served from whole chunks, the latest first.
    std::list<std::pair<std::uint64_t, std::vector<std::byte>>> m_chunks;
};

}  // namespace imgport
