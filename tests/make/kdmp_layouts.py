# SPDX-License-Identifier: Apache-2.0
"""Where kernels keep their fields, for mk_kdump.py: from an ISF file (Volatility's JSON of public symbols), else a few
fields of three kernels, which are facts of their public symbols. KDDEBUGGER_DATA64: Microsoft's wdbgexts.h."""
import json
import lzma

# {machine: {type: (size, {field: (offset, bytes)})}}
BUILTIN = {
    "x64": {  # 19041
        "_KPCR": (0xB080, {"GdtBase": (0, 8), "Self": (0x18, 8), "CurrentPrcb": (0x20, 8), "IdtBase": (0x38, 8),
                           "Prcb": (0x180, 0xAF00)}),
        "_KPRCB": (0xAF00, {"CurrentThread": (8, 8), "NextThread": (0x10, 8), "IdleThread": (0x18, 8),
                            "Number": (0x24, 4), "CpuType": (0x40, 1), "CpuModel": (0x43, 1),
                            "MHz": (0x44, 4),
                            "ProcessorState.SpecialRegisters": (0x100, 0xF0),
                            "ProcessorState.ContextFrame": (0x1F0, 0x4D0), "DpcStack": (0x3110, 8),
                            "DpcRoutineActive": (0x312A, 1), "VendorString": (0x8590, 13), "Context": (0x85C0, 8),
                            "IsrStack": (0x85D8, 8)}),
        "_EPROCESS": (0xA40, {"Pcb.Header.Type": (0, 1), "Pcb.DirectoryTableBase": (0x28, 8),
                              "Pcb.ThreadListHead": (0x30, 16), "Pcb.UserDirectoryTableBase": (0x388, 8),
                              "UniqueProcessId": (0x440, 8), "ActiveProcessLinks": (0x448, 16),
                              "CreateTime": (0x468, 8), "InheritedFromUniqueProcessId": (0x540, 8), "Peb": (0x550, 8),
                              "ObjectTable": (0x570, 8), "ImageFileName": (0x5A8, 15), "ThreadListHead": (0x5E0, 16),
                              "ActiveThreads": (0x5F0, 4)}),
        "_ETHREAD": (0x898, {"Tcb.Header.Type": (0, 1), "Tcb.InitialStack": (0x28, 8), "Tcb.StackLimit": (0x30, 8),
                             "Tcb.StackBase": (0x38, 8), "Tcb.KernelStack": (0x58, 8), "Tcb.TrapFrame": (0x90, 8),
                             "Tcb.ApcState.Process": (0xB8, 8), "Tcb.Teb": (0xF0, 8), "Tcb.State": (0x184, 1),
                             "Tcb.QueueListEntry": (0x208, 16), "Tcb.NextProcessor": (0x218, 4),
                             "Tcb.Process": (0x220, 8), "Tcb.WaitReason": (0x283, 1),
                             "Tcb.ThreadListEntry": (0x2F8, 16), "CreateTime": (0x430, 8), "StartAddress": (0x450, 8),
                             "Cid.UniqueProcess": (0x478, 8), "Cid.UniqueThread": (0x480, 8), "IrpList": (0x4B0, 16),
                             "Win32StartAddress": (0x4D0, 8), "ThreadListEntry": (0x4E8, 16)})},
    "arm64": {  # 22000: the sizes and offsets that dumps' own debugger data blocks tell; the rest is only ours
        "_KPCR": (0xA000, {"Self": (0x18, 8), "CurrentPrcb": (0x20, 8), "Prcb": (0x980, 0x9680)}),
        "_KPRCB": (0x9680, {"CurrentThread": (8, 8), "NextThread": (0x10, 8), "IdleThread": (0x18, 8),
                            "Number": (0x24, 4), "MHz": (0x44, 4), "ProcessorState.SpecialRegisters": (0x40, 0x320),
                            "ProcessorState.ContextFrame": (0x360, 0x390), "Context": (0x8A0, 8)}),
        "_EPROCESS": (0xC80, {"Pcb.Header.Type": (0, 1), "Pcb.DirectoryTableBase": (0x28, 8),
                              "Pcb.ThreadListHead": (0x30, 16), "UniqueProcessId": (0x400, 8),
                              "ActiveProcessLinks": (0x408, 16), "InheritedFromUniqueProcessId": (0x4F8, 8),
                              "Peb": (0x508, 8), "ImageFileName": (0x560, 15), "ThreadListHead": (0x598, 16),
                              "ActiveThreads": (0x5A8, 4)}),
        "_ETHREAD": (0x910, {"Tcb.Header.Type": (0, 1), "Tcb.InitialStack": (0x28, 8), "Tcb.StackLimit": (0x30, 8),
                             "Tcb.StackBase": (0x38, 8), "Tcb.KernelStack": (0x58, 8),
                             "Tcb.ApcState.Process": (0xB0, 8), "Tcb.Teb": (0xE8, 8), "Tcb.State": (0x17C, 1),
                             "Tcb.QueueListEntry": (0x200, 16), "Tcb.Process": (0x240, 8),
                             "Tcb.WaitReason": (0x2A3, 1), "Tcb.ThreadListEntry": (0x318, 16),
                             "Cid.UniqueProcess": (0x4E8, 8), "Cid.UniqueThread": (0x4F0, 8), "IrpList": (0x520, 16),
                             "ThreadListEntry": (0x558, 16)})},
    "x86": {  # 7601, PAE
        "_KPCR": (0x3748, {"SelfPcr": (0x1C, 4), "Prcb": (0x20, 4), "IDT": (0x38, 4), "GDT": (0x3C, 4),
                           "PrcbData": (0x120, 0x3628)}),
        "_KPRCB": (0x3628, {"CurrentThread": (4, 4), "NextThread": (8, 4), "IdleThread": (0xC, 4), "CpuType": (0x14, 1),
                            "ProcessorState.ContextFrame": (0x18, 0x2CC),
                            "ProcessorState.SpecialRegisters": (0x2E4, 0x54), "MHz": (0x3C0, 4), "Number": (0x3CC, 4),
                            "DpcStack": (0x1908, 4), "DpcRoutineActive": (0x1932, 1), "VendorString": (0x336C, 13),
                            "Context": (0x3618, 4)}),
        "_EPROCESS": (0x2D8, {"Pcb.Header.Type": (0, 1), "Pcb.DirectoryTableBase": (0x18, 4),
                              "Pcb.ThreadListHead": (0x2C, 8), "CreateTime": (0xA0, 8), "UniqueProcessId": (0xB4, 4),
                              "ActiveProcessLinks": (0xB8, 8), "ObjectTable": (0xF4, 4),
                              "InheritedFromUniqueProcessId": (0x140, 4), "ImageFileName": (0x16C, 15),
                              "ThreadListHead": (0x188, 8), "ActiveThreads": (0x198, 4), "Peb": (0x1A8, 4)}),
        "_ETHREAD": (0x2B8, {"Tcb.Header.Type": (0, 1), "Tcb.InitialStack": (0x28, 4), "Tcb.StackLimit": (0x2C, 4),
                             "Tcb.KernelStack": (0x30, 4), "Tcb.ApcState.Process": (0x50, 4),
                             "Tcb.NextProcessor": (0x58, 4), "Tcb.State": (0x68, 1), "Tcb.Teb": (0x88, 4),
                             "Tcb.QueueListEntry": (0x120, 8), "Tcb.TrapFrame": (0x128, 4), "Tcb.Process": (0x150, 4),
                             "Tcb.WaitReason": (0x187, 1), "Tcb.StackBase": (0x190, 4),
                             "Tcb.ThreadListEntry": (0x1E0, 8), "CreateTime": (0x200, 8), "StartAddress": (0x218, 4),
                             "Cid.UniqueProcess": (0x22C, 4), "Cid.UniqueThread": (0x230, 4), "IrpList": (0x24C, 8),
                             "Win32StartAddress": (0x260, 4), "ThreadListEntry": (0x268, 8)})},
}
# Where later builds of x64 differ: {first build: {type: (size, {field: (offset, bytes)})}}. Types of 22621: vergilius-rs.
LATER = {22000: {
    "_EPROCESS": (0xB80, {}), "_KPRCB": (0xAF00, {"Context": (0x89C0, 8), "DpcStack": (0x33A0, 8),
                                                  "DpcRoutineActive": (0x33BA, 1)}),
    "_ETHREAD": (0x900, {"CreateTime": (0x480, 8), "StartAddress": (0x4A0, 8), "Cid.UniqueProcess": (0x4C8, 8),
                         "Cid.UniqueThread": (0x4D0, 8), "IrpList": (0x500, 16), "Win32StartAddress": (0x520, 8),
                         "ThreadListEntry": (0x538, 16)})}}
# Fields of nt that a recipe without ISF has, one after the other: (name, bytes).
GLOBALS = [("KdDebuggerDataBlock", 0x400), ("PsLoadedModuleList", 16), ("PsActiveProcessHead", 16), ("PspCidTable", 8),
           ("KdVersionBlock", 0x28), ("KiProcessorBlock", 0x200), ("NtBuildLab", 0x80), ("NtBuildNumber", 8),
           ("CmNtCSDVersion", 8), ("KeNumberProcessors", 8), ("MmUnloadedDrivers", 8), ("MmLastUnloadedDriver", 8),
           ("KiBugCheckData", 0x28), ("MmHighestUserAddress", 8), ("MmSystemRangeStart", 8), ("KiWaitNever", 8),
           ("KiWaitAlways", 8), ("KdpDataBlockEncoded", 8), ("MmPteBase", 8)]

# KDDEBUGGER_DATA64: fields that are addresses of kernel variables of the same name, 8 bytes each.
KDBG_SYMBOLS = {
    0x48: "PsLoadedModuleList", 0x50: "PsActiveProcessHead", 0x58: "PspCidTable", 0x78: "KeTimeIncrement",
    0x88: "KiBugCheckData", 0x98: "ObpRootDirectoryObject", 0xA0: "ObpTypeObjectType", 0xC0: "MmPfnDatabase",
    0x1B8: "PoolTrackTable", 0x1C8: "MmHighestUserAddress", 0x1D0: "MmSystemRangeStart", 0x1D8: "MmUserProbeAddress",
    0x1E0: "KdPrintDefaultCircularBuffer", 0x1F0: "KdPrintWritePointer", 0x1F8: "KdPrintRolloverCount",
    0x200: "MmLoadedUserImageList", 0x208: "NtBuildLab", 0x218: "KiProcessorBlock", 0x220: "MmUnloadedDrivers",
    0x228: "MmLastUnloadedDriver", 0x230: "MmTriageActionTaken", 0x238: "MmSpecialPoolTag", 0x240: "KernelVerifier",
    0x248: "MmVerifierData", 0x268: "CmNtCSDVersion", 0x270: "MmPhysicalMemoryBlock"}
# 2-byte fields: (type, field); a field of None is the type's size. "-": relative to the field before the dash.
KDBG_OFFSETS = {
    0x298: ("_ETHREAD", "Tcb.NextProcessor"), 0x29A: ("_ETHREAD", "Tcb.Teb"), 0x29C: ("_ETHREAD", "Tcb.KernelStack"),
    0x29E: ("_ETHREAD", "Tcb.InitialStack"), 0x2A0: ("_ETHREAD", "Tcb.ApcState.Process"), 0x2A2: ("_ETHREAD", "Tcb.State"),
    0x2A8: ("_EPROCESS", None), 0x2AA: ("_EPROCESS", "Peb"), 0x2AC: ("_EPROCESS", "InheritedFromUniqueProcessId"),
    0x2AE: ("_EPROCESS", "Pcb.DirectoryTableBase"), 0x2B0: ("_KPRCB", None), 0x2B2: ("_KPRCB", "DpcRoutineActive"),
    0x2B4: ("_KPRCB", "CurrentThread"), 0x2B6: ("_KPRCB", "MHz"), 0x2B8: ("_KPRCB", "CpuType"),
    0x2BA: ("_KPRCB", "VendorString"), 0x2BC: ("_KPRCB", "ProcessorState.ContextFrame"), 0x2BE: ("_KPRCB", "Number"),
    0x2C0: ("_ETHREAD", None), 0x2E0: ("_KPCR", None), 0x2E2: ("_KPCR", "Self"), 0x2E4: ("_KPCR", "CurrentPrcb"),
    0x2E6: ("_KPCR", "PrcbOffset"), 0x2F2: ("_KPRCB", "ProcessorState.SpecialRegisters"), 0x338: ("_KPRCB", "Context"),
    0x350: ("_KPRCB", "IdleThread"), 0x354: ("_KPRCB", "DpcStack"), 0x356: ("_KPRCB", "IsrStack"),
    0x35C: ("_ETHREAD", "Tcb.WaitReason")}
KDBG_WIDE_OFFSETS = {  # 4 bytes
    0x340: ("_ETHREAD", "Tcb.StackLimit"), 0x344: ("_ETHREAD", "Tcb.StackBase"), 0x348: ("_ETHREAD", "Tcb.QueueListEntry"),
    0x34C: ("_ETHREAD", "IrpList")}
KDBG_NAMED = {"KernBase": (0x18, 8), "PaeEnabled": (0x36, 2), "PteBase": (0x360, 8), "MmPageSize": (0x138, 8),
              "MmSystemCacheStart": (0xA8, 8), "MmSystemCacheEnd": (0xB0, 8), "KiCallUserMode": (0x38, 8),
              "KeUserCallbackDispatcher": (0x40, 8), "BreakpointWithStatus": (0x20, 8), "SavedContext": (0x28, 8)}

# _KTRAP_FRAME: {register: (offset, bytes)}
TRAP_SIZE = {"x64": 0x190, "x86": 0x8C, "arm64": 0x150}
TRAP = {
    "x64": {"mxcsr": (0x2C, 4), "rax": (0x30, 8), "rcx": (0x38, 8), "rdx": (0x40, 8), "r8": (0x48, 8), "r9": (0x50, 8),
            "r10": (0x58, 8), "r11": (0x60, 8), "cr2": (0xD0, 8), "rbx": (0x140, 8), "rdi": (0x148, 8),
            "rsi": (0x150, 8), "rbp": (0x158, 8), "errcode": (0x160, 8), "rip": (0x168, 8), "cs": (0x170, 2),
            "efl": (0x178, 4), "rsp": (0x180, 8), "ss": (0x188, 2)},
    "x86": {"gs": (0x30, 4), "es": (0x34, 4), "ds": (0x38, 4), "edx": (0x3C, 4), "ecx": (0x40, 4), "eax": (0x44, 4),
            "fs": (0x50, 4), "edi": (0x54, 4), "esi": (0x58, 4), "ebx": (0x5C, 4), "ebp": (0x60, 4),
            "errcode": (0x64, 4), "eip": (0x68, 4), "cs": (0x6C, 4), "efl": (0x70, 4), "esp": (0x74, 4),
            "ss": (0x78, 4)},
    "arm64": dict({"cpsr": (0x90, 4), "sp": (0x98, 8), "lr": (0x138, 8), "fp": (0x140, 8), "pc": (0x148, 8)},
                  **{f"x{i}": (0xA0 + 8 * i, 8) for i in range(19)}),
}


class Layouts:
    """size(type), field(type, path) -> (offset, bytes), symbol(name) -> RVA or None."""

    def __init__(self, arch, isf=None, build=0):
        self.builtin, self.isf, self.pointer = BUILTIN[arch], None, 4 if arch == "x86" else 8
        if isf:
            opener = lzma.open if str(isf).endswith(".xz") else open
            with opener(isf, "rt", encoding="utf-8") as f:
                self.isf = json.load(f)
        for first, kinds in LATER.items():
            if arch == "x64" and build >= first:
                self.builtin = dict(self.builtin, **{k: (size, dict(self.builtin[k][1], **fields))
                                                     for k, (size, fields) in kinds.items()})

    def pdb(self):
        return self.isf["metadata"]["windows"]["pdb"] if self.isf else None

    def symbol(self, name):
        return self.isf["symbols"].get(name, {}).get("address") if self.isf else None

    def size(self, kind):
        if self.isf and kind in self.isf["user_types"]:
            return self.isf["user_types"][kind]["size"]
        return self.builtin[kind][0]

    def has(self, kind, path):
        try:
            self.field(kind, path)
            return True
        except KeyError:
            return False

    def field(self, kind, path):
        if not self.isf or kind not in self.isf["user_types"]:
            return self.builtin[kind][1][path]
        offset = 0
        for name in path.split("."):
            name, _, index = name.partition("[")
            f = self.member(kind, name)
            offset, what = offset + f["offset"], f["type"]
            if index:
                what = what["subtype"]
                offset += int(index.rstrip("]"), 16) * self.bytes_of(what)
            kind = what.get("name")
        return offset, self.bytes_of(what)

    def member(self, kind, name):
        fields = self.isf["user_types"][kind]["fields"]
        if name in fields:
            return fields[name]
        for f in fields.values():  # fields of an unnamed union or struct
            inner = f["type"].get("name", "")
            if f.get("anonymous") or inner.startswith(("__unnamed", "<unnamed", "unnamed")):
                if name in self.isf["user_types"].get(inner, {"fields": {}})["fields"]:
                    sub = self.isf["user_types"][inner]["fields"][name]
                    return dict(sub, offset=sub["offset"] + f["offset"])
        raise KeyError(f"{kind} has no field {name}")

    def bytes_of(self, what):
        if what["kind"] == "pointer":
            return self.pointer
        if what["kind"] == "array":
            return what["count"] * self.bytes_of(what["subtype"])
        if what["kind"] == "bitfield":
            return self.bytes_of(what["type"])
        table = {"base": "base_types", "enum": "enums"}.get(what["kind"], "user_types")
        return self.isf[table][what["name"]]["size"]
