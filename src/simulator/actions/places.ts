// Regions and zones: the simulated account has one region with two zones.
import type { Actions, Body, Call } from './call.ts'

const regions = ({ world }: Call): Body => ({
  Regions: { Region: [{ RegionId: world.regionId, LocalName: world.regionId, RegionEndpoint: `slb.${world.regionId}.aliyuncs.com` }] },
})

const zones = ({ world }: Call): Body => ({
  Zones: {
    Zone: [
      {
        ZoneId: world.zoneId,
        LocalName: world.zoneId,
        SlaveZones: { SlaveZone: [{ ZoneId: world.slaveZoneId, LocalName: world.slaveZoneId }] },
      },
    ],
  },
})

const available = ({ world }: Call): Body => ({
  AvailableResources: {
    AvailableResource: [
      {
        MasterZoneId: world.zoneId,
        SlaveZoneId: world.slaveZoneId,
        SupportResources: {
          SupportResource: [
            { AddressType: 'vpc', AddressIPVersion: 'ipv4' },
            { AddressType: 'classic_internet', AddressIPVersion: 'ipv4' },
          ],
        },
      },
    ],
  },
})

export const placeActions: Actions = { DescribeRegions: regions, DescribeZones: zones, DescribeAvailableResource: available }
