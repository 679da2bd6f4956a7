#include "rules/sources.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace imgport {

const std::vector<SourceDocument> &source_documents()
{
    static const std::vector<SourceDocument> documents{
        {"SEED", "Import custom images", "Alibaba Cloud ECS documentation, 2020/21"},
        {"INS", "Instructions for importing images", "alibabacloud.com/help/doc-detail/48226.htm, December 2020"},
        {"CHK", "Image compliance tool", "AlibabaCloudDocs/ecs, \"Image compliance tool\", 2019 to 2021"},
        {"CHK2", "Check whether an image meets the import requirements",
         "alibabacloud.com/help/en/ecs/user-guide/check-whether-an-image-meets-the-import-requirements"},
        {"IMC", "Image check feature", "alibabacloud.com/help/en/ecs/user-guide/detect-custom-images-and-repair"},
        {"SPEC", "Alibaba Cloud image requirements (Linux)",
         "help.aliyun.com/zh/ecs/user-guide/cloud-marketplace-mirror-specification"},
        {"VIO", "Install the virtio driver", "AlibabaCloudDocs/ecs, \"Install a virtio driver\""},
        {"CI", "Install cloud-init", "AlibabaCloudDocs/ecs, \"Install cloud-init\""},
        {"CUST", "Customize Linux images", "AlibabaCloudDocs/ecs, \"Customize Linux images\""},
        {"API", "ImportImage", "alibabacloud.com/help/doc-detail/25542.htm"},
        {"IMP25", "Import a custom image", "alibabacloud.com/help/en/ecs/user-guide/import-a-custom-image"},
        {"BOOT", "Instance boot mode", "help.aliyun.com/en/ecs/user-guide/instance-startup-mode"},
        {"NVME", "Adapt Linux custom images to NVMe system disks",
         "alibabacloud.com/help/en/ecs/adapt-linux-custom-images-to-nvme-based-system-disks"},
        {"SMCI", "SMC image check items", "alibabacloud.com/help/en/smc/user-guide/image-check-items"},
        {"CRED", "Avoid preset logon credentials in custom images",
         "alibabacloud.com/help/en/ecs/user-guide/avoid-using-default-login-credentials-in-images"},
        {"FAQ", "Image FAQ", "AlibabaCloudDocs/ecs, \"Image FAQ\""},
        {"CID", "cloud-init: the AliYun datasource", "docs.cloud-init.io, \"AliYun\""},
        {"CRED", "Avoid preset logon credentials in custom images",
         "alibabacloud.com/help/en/ecs/user-guide/avoid-using-default-login-credentials-in-images"},
        {"OSS", "Object Storage Service limits", "AlibabaCloudDocs/oss, \"Limits\""},
        {"CLOUDS", "What other clouds ask of images", "OpenStack Virtual Machine Image Guide; Huawei Cloud IMS"},
        {"QEMU", "QEMU documentation of disk images", "qemu.org/docs/master/interop/qcow2.html; block/vpc.c"},
        {"VMIE", "VM Import/Export: requirements and limitations", "docs.aws.amazon.com/vm-import/latest/userguide"},
        {"NITRO", "Instances built on the Nitro System: drivers", "docs.aws.amazon.com/ec2/latest/instancetypes"},
        {"AZURE", "Prepare Linux for imaging in Azure",
         "learn.microsoft.com/azure/virtual-machines/linux/create-upload-generic"},
        {"GCP", "Manually import boot disks", "cloud.google.com/compute/docs/import/import-existing-image"},
        {"OSIMG", "OpenStack Virtual Machine Image Guide: image requirements",
         "docs.openstack.org/image-guide/openstack-images.html"},
        {"GLANCE", "Glance: disk and container formats", "docs.openstack.org/glance/latest/user/formats.html"},
        {"TENCENT", "Importing images: overview", "Tencent Cloud CVM documentation, tencentyun/qcloud-documents"},
        {"HUAWEI", "Image Management Service: private images from external files", "support.huaweicloud.com/ims"},
        {"BAIDU", "BCC: import a custom image", "cloud.baidu.com/doc/BCC/s/Qjwvynfjg-en, October 2025"},
        {"PRACTICE", "General practice, not stated by the cloud", ""},
    };
    return documents;
}

std::string cite(std::initializer_list<std::string_view> keys)
{
    std::string out;
    for (std::string_view const key : keys) {
        auto const &documents = source_documents();
        auto const found =
            std::find_if(documents.begin(), documents.end(), [&](auto const &document) { return document.key == key; });
        if (found == documents.end())
            continue;
        out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", found->key, found->title);
    }
    return out;
}

}  // namespace imgport
