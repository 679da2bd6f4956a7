#!/usr/bin/env bash
# make_ova.sh OVA DISK CAPACITY [DISK CAPACITY]...: an OVA as VMware writes it, with its manifest of SHA-256 sums.
set -euo pipefail
ova=$1
shift
name=$(basename "$ova" .ova)
files="" disks="" items="" n=0
members=()
while [ $# -gt 0 ]; do
  n=$((n + 1))
  files+="    <File ovf:id=\"file$n\" ovf:href=\"$1\" ovf:size=\"$(stat -c %s "$1")\"/>"$'\n'
  disks+="    <Disk ovf:diskId=\"vmdisk$n\" ovf:fileRef=\"file$n\" ovf:capacity=\"$2\" ovf:capacityAllocationUnits=\"byte\"/>"$'\n'
  items+="      <Item><rasd:AddressOnParent>$((n - 1))</rasd:AddressOnParent><rasd:ElementName>disk $n</rasd:ElementName><rasd:HostResource>ovf:/disk/vmdisk$n</rasd:HostResource><rasd:InstanceID>$((n + 9))</rasd:InstanceID><rasd:Parent>3</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></Item>"$'\n'
  members+=("$1")
  shift 2
done
cat >"$name.ovf" <<OVF
<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vmw="http://www.vmware.com/schema/ovf">
  <References>
$files  </References>
  <DiskSection><Info>Disks</Info>
$disks  </DiskSection>
  <VirtualSystem ovf:id="$name"><Info>A machine</Info><Name>$name</Name>
    <VirtualHardwareSection><Info>Hardware</Info>
      <Item><rasd:Address>0</rasd:Address><rasd:ElementName>SCSI</rasd:ElementName><rasd:InstanceID>3</rasd:InstanceID><rasd:ResourceSubType>lsilogic</rasd:ResourceSubType><rasd:ResourceType>6</rasd:ResourceType></Item>
$items      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="bios"/>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
OVF
for file in "$name.ovf" "${members[@]}"; do
  echo "SHA256($file)= $(sha256sum "$file" | cut -d' ' -f1)"
done >"$name.mf"
tar --format=ustar -cf "$ova" "$name.ovf" "$name.mf" "${members[@]}"
rm "$name.ovf" "$name.mf"
