// SPDX-License-Identifier: Apache-2.0
// kernel_prefix_tab.c: what the debugger calls the values of a parameter that is a subtype, in its buckets. 0x119:
// public outputs for 5, a and a000, the others as Microsoft's page of 0x119 names them; 0xC4: names of the rules, from
// Microsoft's page of 0xC4 (two public outputs).
#include "verdict/kernel_int.h"

struct subtype_text {
	uint32_t code, value;
	const char *text;
};

static const struct subtype_text texts[] = {
	{ 0x119, 1, "DRIVER_REPORTED_INVALID_FENCE_ID" },
	{ 0x119, 2, "DRIVER_FAILED_SUBMIT_COMMAND" },
	{ 0x119, 3, "DRIVER_FAILED_PATCH_COMMAND" },
	{ 0x119, 4, "DRIVER_INVALID_FLIPQUEUE_LENGTH" },
	{ 0x119, 5, "DRIVER_FAULTED_SYSTEM_COMMAND" },
	{ 0x119, 0xa, "DRIVER_REPORTED_INVALID_ABORTED_FENCE" },
	{ 0x119, 0xa000, "VIDSCH_RESET_HW_ENGINE_SUSPEND" },
	{ 0xc4, 0x20002, "IrqlApcLte" },
	{ 0xc4, 0x20003, "IrqlDispatch" },
	{ 0xc4, 0x20004, "IrqlExAllocatePool" },
	{ 0xc4, 0x20005, "IrqlExApcLte1" },
	{ 0xc4, 0x20006, "IrqlExApcLte2" },
	{ 0xc4, 0x20007, "IrqlExApcLte3" },
	{ 0xc4, 0x20008, "IrqlExPassive" },
	{ 0xc4, 0x20009, "IrqlIoApcLte" },
	{ 0xc4, 0x2000a, "IrqlIoPassive1" },
	{ 0xc4, 0x2000b, "IrqlIoPassive2" },
	{ 0xc4, 0x2000c, "IrqlIoPassive3" },
	{ 0xc4, 0x2000d, "IrqlIoPassive4" },
	{ 0xc4, 0x2000e, "IrqlIoPassive5" },
	{ 0xc4, 0x2000f, "IrqlKeApcLte1" },
	{ 0xc4, 0x20010, "IrqlKeApcLte2" },
	{ 0xc4, 0x20011, "IrqlKeDispatchLte" },
	{ 0xc4, 0x20015, "IrqlKeReleaseSpinLock" },
	{ 0xc4, 0x20016, "IrqlKeSetEvent" },
	{ 0xc4, 0x20019, "IrqlMmApcLte" },
	{ 0xc4, 0x2001a, "IrqlMmDispatch" },
	{ 0xc4, 0x2001b, "IrqlObPassive" },
	{ 0xc4, 0x2001c, "IrqlPsPassive" },
	{ 0xc4, 0x2001d, "IrqlReturn" },
	{ 0xc4, 0x2001e, "IrqlRtlPassive" },
	{ 0xc4, 0x2001f, "IrqlZwPassive" },
	{ 0xc4, 0x20022, "IrqlIoDispatch" },
	{ 0xc4, 0x20023, "IrqlIoRtlZwPassive" },
	{ 0xc4, 0x20024, "IrqlNtifsApcPassive" },
	{ 0xc4, 0x40003, "CriticalRegions" },
	{ 0xc4, 0x40006, "QueuedSpinLock" },
	{ 0xc4, 0x40007, "QueuedSpinLockRelease" },
	{ 0xc4, 0x40009, "SpinLock" },
	{ 0xc4, 0x4000a, "SpinlockRelease" },
	{ 0xc4, 0x4000e, "GuardedRegions" },
	{ 0xc4, 0x4100b, "RequestedPowerIrp" },
	{ 0xc4, 0x4100f, "IoSetCompletionExCompleteIrp" },
	{ 0xc4, 0x43006, "PnpRemove" },
	{ 0xc4, 0x81001, "KsDeviceMutex" },
	{ 0xc4, 0x81002, "KsStreamPointerClone" },
	{ 0xc4, 0x81003, "KsStreamPointerLock" },
	{ 0xc4, 0x81004, "KsStreamPointerUnlock" },
	{ 0xc4, 0x81005, "KsCallbackReturn" },
	{ 0xc4, 0x81006, "KsIrqlDeviceCallbacks" },
	{ 0xc4, 0x81007, "KsIrqlFilterCallbacks" },
	{ 0xc4, 0x81008, "KsIrqlPinCallbacks" },
	{ 0xc4, 0x81009, "KsIrqlDDIs" },
	{ 0xc4, 0x8100a, "KsFilterMutex" },
	{ 0xc4, 0x8100b, "KsProcessingMutex" },
	{ 0xc4, 0x8100c, "KsInvalidStreamPointer" },
	{ 0xc4, 0x82001, "KsTimedPinSetDeviceState" },
	{ 0xc4, 0x82002, "KsTimedDeviceCallbacks" },
	{ 0xc4, 0x82003, "KsTimedFilterCallbacks" },
	{ 0xc4, 0x82004, "KsTimedPinCallbacks" },
	{ 0xc4, 0x82005, "KsTimedProcessingMutex" },
	{ 0xc4, 0x91001, "NdisOidComplete" },
	{ 0xc4, 0x91002, "NdisOidDoubleComplete" },
	{ 0xc4, 0x9100e, "NdisOidDoubleRequest" },
	{ 0xc4, 0x92003, "NdisTimedOidComplete" },
	{ 0xc4, 0x9200d, "NdisTimedDataSend" },
	{ 0xc4, 0x9200f, "NdisTimedDataHang" },
	{ 0xc4, 0x92010, "NdisFilterTimedPauseComplete" },
	{ 0xc4, 0x92011, "NdisFilterTimedDataSend" },
	{ 0xc4, 0x92012, "NdisFilterTimedDataReceive" },
	{ 0xc4, 0x93004, "WlanAssociation" },
	{ 0xc4, 0x93005, "WlanConnectionRoaming" },
	{ 0xc4, 0x93006, "WlanDisassociation" },
	{ 0xc4, 0x93101, "WlanAssert" },
	{ 0xc4, 0x94007, "WlanTimedAssociation" },
	{ 0xc4, 0x94008, "WlanTimedConnectionRoaming" },
	{ 0xc4, 0x94009, "WlanTimedConnectRequest" },
	{ 0xc4, 0x9400b, "WlanTimedLinkQuality" },
	{ 0xc4, 0x9400c, "WlanTimedScan" },
};

const char *kernel_subtype_text(uint32_t code, uint64_t value)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].code == code && texts[i].value == value)
			return texts[i].text;
	return NULL;
}
