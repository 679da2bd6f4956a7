// Archives and OVF packages put together by hand, so that they can be wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>

#include "support/digest.hpp"

namespace imgport::testing {

// POSIX.1-2017, pax, "ustar Interchange Format".
class TarBuilder {
public:
    TarBuilder &add(std::string_view name, std::string_view content, char type = '0', std::string_view link = "")
    {
        std::string header(512, '\0');
        put(header, 0, name);
        put(header, 100, "0000644");
        put(header, 108, "0000000");
        put(header, 116, "0000000");
        put(header, 124, fmt::format("{:011o}", content.size()));
        put(header, 136, "00000000000");
        put(header, 148, "        ");
        header[156] = type;
        put(header, 157, link);
        put(header, 257,
            std::string_view("ustar\0"
                             "00",
                             8));
        unsigned sum = 0;
        for (char const c : header)
            sum += static_cast<unsigned char>(c);
        put(header, 148, fmt::format("{:06o}", sum));
        header[154] = '\0';
        m_bytes += header;
        m_bytes += content;
        m_bytes.resize((m_bytes.size() + 511) / 512 * 512);
        return *this;
    }
    std::string bytes() const { return m_bytes + std::string(1024, '\0'); }

private:
    static void put(std::string &header, std::size_t offset, std::string_view text)
    {
        header.replace(offset, text.size(), text);
    }
    std::string m_bytes;
};

// PKWARE APPNOTE 6.3, 4.3: stored members.
class ZipBuilder {
public:
    ZipBuilder &add(std::string_view name, std::string_view content, unsigned flags = 0, unsigned method = 0,
                    unsigned mode = 0100644)
    {
        auto const crc = static_cast<unsigned>(
            ::crc32(0, reinterpret_cast<const Bytef *>(content.data()), static_cast<uInt>(content.size())));
        std::string const common = le(flags, 2) + le(method, 2) + le(0, 4) + le(crc, 4) + le(content.size(), 4) +
                                   le(content.size(), 4) + le(name.size(), 2) + le(0, 2);
        m_directory += "PK\x01\x02" + le(0x0314, 2) + le(20, 2) + common + le(0, 2) + le(0, 2) + le(0, 2) +
                       le(std::size_t{mode} << 16, 4) + le(m_bytes.size(), 4) + std::string(name);
        m_bytes += "PK\x03\x04" + le(20, 2) + common + std::string(name) + std::string(content);
        ++m_count;
        return *this;
    }
    std::string bytes() const
    {
        return m_bytes + m_directory + "PK\x05\x06" + le(0, 2) + le(0, 2) + le(m_count, 2) + le(m_count, 2) +
               le(m_directory.size(), 4) + le(m_bytes.size(), 4) + le(0, 2);
    }

private:
    static std::string le(std::size_t value, std::size_t length)
    {
        std::string text;
        for (std::size_t i = 0; i < length; ++i)
            text += static_cast<char>(value >> (8 * i) & 0xff);
        return text;
    }
    std::string m_bytes;
    std::string m_directory;
    std::size_t m_count = 0;
};

// One gzip member (RFC 1952).
inline std::string gzip(std::string_view text)
{
    z_stream state{};
    deflateInit2(&state, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&state, text.size()) + 64, '\0');
    state.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(text.data()));
    state.avail_in = static_cast<uInt>(text.size());
    state.next_out = reinterpret_cast<Bytef *>(out.data());
    state.avail_out = static_cast<uInt>(out.size());
    deflate(&state, Z_FINISH);
    out.resize(state.total_out);
    deflateEnd(&state);
    return out;
}

// A disk with one partition, of 1 MiB unless told otherwise.
inline std::string mbr_disk(std::size_t size = std::size_t{1} << 20)
{
    std::string disk(size, '\0');
    disk[446] = '\x80';
    disk[450] = '\x83';
    disk[454] = 1;  // the first sector
    disk[458] = 8;  // and how many
    disk[510] = '\x55';
    disk[511] = '\xaa';
    return disk;
}

// A QCOW2 of version 2 with 1 MiB of nothing: header, refcount table, one refcount block, L1 table.
inline std::string empty_qcow2()
{
    constexpr std::size_t cluster = 65536;
    std::string image(4 * cluster, '\0');
    auto const be = [&](std::size_t offset, std::uint64_t value, std::size_t length) {
        for (std::size_t i = 0; i < length; ++i)
            image[offset + length - 1 - i] = static_cast<char>(value >> (8 * i) & 0xff);
    };
    image.replace(0, 4, "QFI\xfb");
    be(4, 2, 4);
    be(20, 16, 4);           // cluster_bits
    be(24, 1 << 20, 8);      // size
    be(36, 1, 4);            // l1_size
    be(40, 3 * cluster, 8);  // l1_table_offset
    be(48, cluster, 8);      // refcount_table_offset
    be(56, 1, 4);            // refcount_table_clusters
    be(cluster, 2 * cluster, 8);
    for (std::size_t i = 0; i < 4; ++i)
        be(2 * cluster + 2 * i, 1, 2);
    return image;
}

// A machine with some disks, each on a SCSI controller at the address of its place in the list.
struct OvfBuilder {
    struct Disk {
        std::string file;
        std::size_t capacity = 1;  // MiB
    };
    std::vector<Disk> disks = {};
    std::string firmware = "bios";
    std::string disk_attributes = {};
    std::string extra_items = {};
    std::string extra_sections = {};
    std::string file_attributes = {};

    std::string text() const
    {
        std::string files;
        std::string section;
        std::string items;
        for (std::size_t i = 0; i < disks.size(); ++i) {
            files += fmt::format(R"(<File ovf:id="file{}" ovf:href="{}" {}/>)", i, disks[i].file, file_attributes);
            section += fmt::format(R"(<Disk ovf:diskId="disk{}" ovf:fileRef="file{}" ovf:capacity="{}" )"
                                   R"(ovf:capacityAllocationUnits="byte * 2^20" {}/>)",
                                   i, i, disks[i].capacity, disk_attributes);
            items += fmt::format("<Item><rasd:AddressOnParent>{}</rasd:AddressOnParent>"
                                 "<rasd:HostResource>ovf:/disk/disk{}</rasd:HostResource>"
                                 "<rasd:InstanceID>{}</rasd:InstanceID><rasd:Parent>3</rasd:Parent>"
                                 "<rasd:ResourceType>17</rasd:ResourceType></Item>\n",
                                 i, i, 10 + i);
        }
        return fmt::format(R"(<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
  xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
  xmlns:vmw="http://www.vmware.com/schema/ovf">
<References>{}</References>
<DiskSection><Info/>{}</DiskSection>
<VirtualSystem ovf:id="vm"><Info/><Name>machine</Name>{}
<VirtualHardwareSection><Info/>
<Item><rasd:Address>0</rasd:Address><rasd:InstanceID>3</rasd:InstanceID><rasd:ResourceType>6</rasd:ResourceType></Item>
{}{}
<vmw:Config vmw:key="firmware" vmw:value="{}"/>
</VirtualHardwareSection></VirtualSystem></Envelope>)",
                           files, section, extra_sections, items, extra_items, firmware);
    }
};

inline std::string sum_line(const std::string &algorithm, const std::string &file, std::string_view content)
{
    return fmt::format("{}({})= {}\n", algorithm, file, hex_digest(algorithm, bytes_of(content)));
}

}  // namespace imgport::testing
