// Every parameter of every action the simulator knows, as the vendor's metadata lists them. Data only.
// A word is `Name`, `*` if required, then `:int[min..max]`, `:bool` or `:list[..max items]`; nothing is text. Names begin with a capital.

export const SLB_PARAMETERS: Readonly<Record<string, string>> = {
  AddAccessControlListEntry: 'RegionId* AclEntrys AclId',
  AddBackendServers: 'LoadBalancerId* BackendServers RegionId',
  AddListenerWhiteListItem: 'ListenerPort*:int[1..65535] LoadBalancerId* SourceItems* ListenerProtocol RegionId',
  AddTags: 'LoadBalancerId* RegionId* Tags*',
  AddVServerGroupBackendServers: 'BackendServers* RegionId* VServerGroupId*',
  CreateAccessControlList: 'AclName* RegionId* AddressIPVersion ResourceGroupId Tag:list[..20]',
  CreateDomainExtension: 'Domain* ListenerPort*:int LoadBalancerId* RegionId* ServerCertificateId',
  CreateLoadBalancer:
    'RegionId* Address AddressIPVersion AddressType AutoPay:bool Bandwidth:int[1..5000] ClientToken DeleteProtection Duration:int[1..] InstanceChargeType InternetChargeType LoadBalancerName LoadBalancerSpec MasterZoneId ModificationProtectionReason ModificationProtectionStatus PayType PricingCycle ResourceGroupId SlaveZoneId Tag:list[..20] VSwitchId VpcId',
  CreateLoadBalancerHTTPListener:
    'HealthCheck* ListenerPort*:int[1..65535] LoadBalancerId* AclId AclStatus AclType BackendServerPort:int[1..65535] Bandwidth:int[-1..5120] Cookie CookieTimeout:int[1..86400] Description ForwardPort:int[1..65535] Gzip HealthCheckConnectPort:int[-520..65535] HealthCheckDomain HealthCheckHttpCode HealthCheckInterval:int[1..50] HealthCheckMethod HealthCheckTimeout:int[1..300] HealthCheckURI HealthyThreshold:int[1..10] IdleTimeout:int[1..9999] ListenerForward RegionId RequestTimeout:int[1..9999] Scheduler StickySession StickySessionType Tag:list[..20] UnhealthyThreshold:int[1..10] VServerGroupId XForwardedFor XForwardedFor_ClientSrcPort XForwardedFor_SLBID XForwardedFor_SLBIP XForwardedFor_SLBPORT XForwardedFor_proto',
  CreateLoadBalancerHTTPSListener:
    'Bandwidth*:int[-1..5120] HealthCheck* ListenerPort*:int[1..65535] LoadBalancerId* AclId AclStatus AclType BackendServerPort:int[1..65535] CACertificateId Cookie CookieTimeout:int[1..86400] Description EnableHttp2 Gzip HealthCheckConnectPort:int[-520..65535] HealthCheckDomain HealthCheckHttpCode HealthCheckInterval:int[1..50] HealthCheckMethod HealthCheckTimeout:int[1..300] HealthCheckURI HealthyThreshold:int[1..10] IdleTimeout:int[1..9999] RegionId RequestTimeout:int[1..9999] Scheduler ServerCertificateId StickySession StickySessionType TLSCipherPolicy Tag:list[..20] UnhealthyThreshold:int[1..10] VServerGroupId XForwardedFor XForwardedFor_ClientSrcPort XForwardedFor_SLBID XForwardedFor_SLBIP XForwardedFor_SLBPORT XForwardedFor_proto',
  CreateLoadBalancerTCPListener:
    'Bandwidth*:int[-1..5120] ListenerPort*:int[0..65535] LoadBalancerId* AclId AclStatus AclType BackendServerPort:int[0..65535] ConnectionDrain ConnectionDrainTimeout:int Description EstablishedTimeout:int[10..900] HealthCheckConnectPort:int[1..65535] HealthCheckConnectTimeout:int[1..300] HealthCheckDomain HealthCheckHttpCode HealthCheckSwitch HealthCheckType HealthCheckURI HealthyThreshold:int[1..10] MasterSlaveServerGroupId PersistenceTimeout:int[0..3600] ProxyProtocolV2Enabled:bool RegionId Scheduler Tag:list[..20] UnhealthyThreshold:int[1..10] VServerGroupId HealthCheckInterval:int[1..50]',
  CreateLoadBalancerUDPListener:
    'Bandwidth*:int[-1..5120] ListenerPort*:int[0..65535] LoadBalancerId* AclId AclStatus AclType BackendServerPort:int[0..65535] Description HealthCheckConnectPort:int[1..65535] HealthCheckConnectTimeout:int[1..300] HealthCheckSwitch HealthyThreshold:int[1..10] MasterSlaveServerGroupId ProxyProtocolV2Enabled:bool RegionId Scheduler Tag:list[..20] UnhealthyThreshold:int[1..10] VServerGroupId HealthCheckExp HealthCheckInterval:int[1..50] HealthCheckReq',
  CreateMasterSlaveServerGroup: 'LoadBalancerId* RegionId* MasterSlaveBackendServers MasterSlaveServerGroupName Tag:list[..20]',
  CreateRules: 'ListenerPort*:int LoadBalancerId* RegionId* RuleList* DryRun:bool ListenerProtocol',
  CreateTLSCipherPolicy: 'Ciphers*:list[..30] Name* RegionId* TLSVersions*:list[..5]',
  CreateVServerGroup: 'LoadBalancerId* RegionId* BackendServers Tag:list[..20] VServerGroupName',
  DeleteAccessControlList: 'AclId* RegionId*',
  DeleteCACertificate: 'CACertificateId* RegionId*',
  DeleteDomainExtension: 'DomainExtensionId* RegionId*',
  DeleteLoadBalancer: 'LoadBalancerId* RegionId',
  DeleteLoadBalancerListener: 'ListenerPort*:int[0..65535] LoadBalancerId* ListenerProtocol RegionId',
  DeleteMasterSlaveServerGroup: 'MasterSlaveServerGroupId* RegionId*',
  DeleteRules: 'RegionId* RuleIds*',
  DeleteServerCertificate: 'ServerCertificateId* RegionId',
  DeleteTLSCipherPolicy: 'RegionId* TLSCipherPolicyId*',
  DeleteVServerGroup: 'RegionId* VServerGroupId*',
  DescribeAccessControlListAttribute: 'AclId* RegionId* AclEntryComment Page:int PageSize:int',
  DescribeAccessControlLists: 'RegionId* AclName AddressIPVersion PageNumber:int PageSize:int ResourceGroupId Tag:list[..20]',
  DescribeAvailableResource: 'RegionId* AddressIPVersion AddressType',
  DescribeCACertificates: 'RegionId* CACertificateId ResourceGroupId Tag:list[..20]',
  DescribeDomainExtensionAttribute: 'DomainExtensionId* RegionId*',
  DescribeDomainExtensions: 'ListenerPort*:int LoadBalancerId* RegionId* DomainExtensionId',
  DescribeHealthStatus: 'LoadBalancerId* ListenerPort:int[0..65535] ListenerProtocol RegionId',
  DescribeListenerAccessControlAttribute: 'ListenerPort*:int LoadBalancerId* ListenerProtocol RegionId',
  DescribeLoadBalancerAttribute: 'LoadBalancerId* RegionId',
  DescribeLoadBalancerHTTPListenerAttribute: 'ListenerPort*:int[1..65535] LoadBalancerId* RegionId',
  DescribeLoadBalancerHTTPSListenerAttribute: 'ListenerPort*:int[1..65535] LoadBalancerId* RegionId',
  DescribeLoadBalancerListeners:
    'Description ListenerPort:int[0..65535] ListenerProtocol LoadBalancerId:list[..11] MaxResults:int[0..101] NextToken RegionId Tag:list[..20]',
  DescribeLoadBalancerTCPListenerAttribute: 'ListenerPort*:int[0..65535] LoadBalancerId* RegionId',
  DescribeLoadBalancerUDPListenerAttribute: 'ListenerPort*:int[0..65535] LoadBalancerId* RegionId',
  DescribeLoadBalancers:
    'RegionId* Address AddressIPVersion AddressType InternetChargeType LoadBalancerId LoadBalancerName LoadBalancerStatus MasterZoneId NetworkType PageNumber:int[1..1000] PageSize:int[1..100] PayType ResourceGroupId ServerId ServerIntranetAddress SlaveZoneId Tag:list[..20] Tags VSwitchId VpcId',
  DescribeMasterSlaveServerGroupAttribute: 'MasterSlaveServerGroupId* RegionId*',
  DescribeMasterSlaveServerGroups: 'LoadBalancerId* RegionId* Description IncludeListener:bool Tag:list[..20]',
  DescribeRegions: 'AcceptLanguage RegionId',
  DescribeRuleAttribute: 'RegionId* RuleId*',
  DescribeRules: 'ListenerPort*:int LoadBalancerId* RegionId* ListenerProtocol',
  DescribeServerCertificates: 'RegionId ResourceGroupId ServerCertificateId Tag:list[..20]',
  DescribeTags: 'RegionId* DistinctKey:bool LoadBalancerId PageNumber:int PageSize:int Tags',
  DescribeVServerGroupAttribute: 'RegionId* VServerGroupId*',
  DescribeVServerGroups: 'LoadBalancerId* RegionId* Description IncludeListener:bool IncludeRule:bool Tag:list[..20]',
  DescribeZones: 'RegionId* AcceptLanguage',
  ListTLSCipherPolicies: 'RegionId* IncludeListener:bool MaxItems:int Name NextToken TLSCipherPolicyId',
  ListTagResources: 'RegionId* ResourceType* NextToken ResourceId:list[..51] Tag:list[..21]',
  ModifyLoadBalancerInstanceChargeType: 'InstanceChargeType* LoadBalancerId* RegionId* Bandwidth:int InternetChargeType LoadBalancerSpec',
  ModifyLoadBalancerInstanceSpec: 'LoadBalancerId* LoadBalancerSpec* AutoPay:bool RegionId',
  ModifyLoadBalancerInternetSpec: 'LoadBalancerId* AutoPay:bool Bandwidth:int[1..5000] InternetChargeType RegionId',
  ModifyVServerGroupBackendServers: 'RegionId* VServerGroupId* NewBackendServers OldBackendServers',
  MoveResourceGroup: 'NewResourceGroupId* RegionId* ResourceId* ResourceType* ResourceGroupId',
  RemoveAccessControlListEntry: 'AclId* RegionId* AclEntrys',
  RemoveBackendServers: 'BackendServers* LoadBalancerId* RegionId',
  RemoveListenerWhiteListItem: 'ListenerPort*:int[1..65535] LoadBalancerId* SourceItems* ListenerProtocol RegionId',
  RemoveTags: 'LoadBalancerId* RegionId* Tags*',
  RemoveVServerGroupBackendServers: 'BackendServers* RegionId* VServerGroupId*',
  SetAccessControlListAttribute: 'AclId* AclName* RegionId*',
  SetBackendServers: 'LoadBalancerId* BackendServers RegionId',
  SetCACertificateName: 'CACertificateId* CACertificateName* RegionId*',
  SetDomainExtensionAttribute: 'DomainExtensionId* RegionId* ServerCertificateId',
  SetListenerAccessControlStatus: 'AccessControlStatus* ListenerPort*:int[1..65535] LoadBalancerId* ListenerProtocol RegionId',
  SetLoadBalancerDeleteProtection: 'DeleteProtection* LoadBalancerId* RegionId*',
  SetLoadBalancerHTTPListenerAttribute:
    'ListenerPort*:int[1..65535] LoadBalancerId* AclId AclStatus AclType Bandwidth:int[-1..5120] Cookie CookieTimeout:int[1..86400] Description DryRun:bool Gzip HealthCheck HealthCheckConnectPort:int[-520..65535] HealthCheckDomain HealthCheckHttpCode HealthCheckInterval:int[1..50] HealthCheckMethod HealthCheckTimeout:int[1..300] HealthCheckURI HealthyThreshold:int[1..10] IdleTimeout:int[1..9999] RegionId RequestTimeout:int[1..9999] Scheduler StickySession StickySessionType UnhealthyThreshold:int[1..10] VServerGroup VServerGroupId XForwardedFor XForwardedFor_ClientSrcPort XForwardedFor_SLBID XForwardedFor_SLBIP XForwardedFor_SLBPORT XForwardedFor_proto',
  SetLoadBalancerHTTPSListenerAttribute:
    'ListenerPort*:int[1..65535] LoadBalancerId* AclId AclStatus AclType Bandwidth:int[-1..5120] CACertificateId Cookie CookieTimeout:int[1..86400] Description DryRun:bool EnableHttp2 Gzip HealthCheck HealthCheckConnectPort:int[-520..65535] HealthCheckDomain HealthCheckHttpCode HealthCheckInterval:int[1..50] HealthCheckMethod HealthCheckTimeout:int[1..300] HealthCheckURI HealthyThreshold:int[1..10] IdleTimeout:int[1..9999] RegionId RequestTimeout:int[1..9999] Scheduler ServerCertificateId StickySession StickySessionType TLSCipherPolicy UnhealthyThreshold:int[1..10] VServerGroup VServerGroupId XForwardedFor XForwardedFor_ClientSrcPort XForwardedFor_SLBID XForwardedFor_SLBIP XForwardedFor_SLBPORT XForwardedFor_proto',
  SetLoadBalancerModificationProtection: 'LoadBalancerId* ModificationProtectionStatus* RegionId* ModificationProtectionReason',
  SetLoadBalancerName: 'LoadBalancerId* LoadBalancerName* RegionId',
  SetLoadBalancerStatus: 'LoadBalancerId* LoadBalancerStatus* RegionId',
  SetLoadBalancerTCPListenerAttribute:
    'ListenerPort*:int[0..65535] LoadBalancerId* AclId AclStatus AclType Bandwidth:int[-1..5120] ConnectionDrain ConnectionDrainTimeout:int Description DryRun:bool EstablishedTimeout:int[10..900] HealthCheckConnectPort:int[1..65535] HealthCheckConnectTimeout:int[1..300] HealthCheckDomain HealthCheckHttpCode HealthCheckInterval:int[1..50] HealthCheckSwitch HealthCheckType HealthCheckURI HealthyThreshold:int[1..10] MasterSlaveServerGroup MasterSlaveServerGroupId PersistenceTimeout:int[0..3600] ProxyProtocolV2Enabled:bool RegionId Scheduler SynProxy UnhealthyThreshold:int[1..10] VServerGroup VServerGroupId',
  SetLoadBalancerUDPListenerAttribute:
    'ListenerPort*:int[0..65535] LoadBalancerId* AclId AclStatus AclType Bandwidth:int[-1..5120] Description DryRun:bool HealthCheckConnectPort:int[1..65535] HealthCheckConnectTimeout:int[1..300] HealthCheckInterval:int[1..50] HealthCheckSwitch HealthyThreshold:int[1..10] MasterSlaveServerGroup MasterSlaveServerGroupId ProxyProtocolV2Enabled:bool RegionId Scheduler UnhealthyThreshold:int[1..10] VServerGroup VServerGroupId HealthCheckExp HealthCheckReq',
  SetRule:
    'RegionId* RuleId* Cookie CookieTimeout:int[1..86400] DryRun:bool HealthCheck HealthCheckConnectPort:int[1..65535] HealthCheckDomain HealthCheckHttpCode HealthCheckInterval:int[1..50] HealthCheckTimeout:int[1..300] HealthCheckURI HealthyThreshold:int[1..10] ListenerSync RuleName Scheduler StickySession StickySessionType UnhealthyThreshold:int[1..10] VServerGroupId',
  SetServerCertificateName: 'RegionId* ServerCertificateId* ServerCertificateName*',
  SetTLSCipherPolicyAttribute: 'Ciphers*:list[..30] Name* RegionId* TLSCipherPolicyId* TLSVersions*:list[..5]',
  SetVServerGroupAttribute: 'RegionId* VServerGroupId* BackendServers VServerGroupName',
  StartLoadBalancerListener: 'ListenerPort*:int[0..65535] LoadBalancerId* ListenerProtocol RegionId',
  StopLoadBalancerListener: 'ListenerPort*:int[0..65535] LoadBalancerId* ListenerProtocol RegionId',
  TagResources: 'RegionId* ResourceId*:list[..51] ResourceType* Tag*:list[..21]',
  UntagResources: 'RegionId* ResourceId*:list[..51] ResourceType* All:bool TagKey:list[..21]',
  UploadCACertificate: 'CACertificate* RegionId* CACertificateName ResourceGroupId Tag:list[..20]',
  UploadServerCertificate:
    'RegionId* AliCloudCertificateId AliCloudCertificateName AliCloudCertificateRegionId PrivateKey ResourceGroupId ServerCertificate ServerCertificateName Tag:list[..20]',
}

export const ECS_PARAMETERS: Readonly<Record<string, string>> = {
  DescribeInstances:
    'RegionId* AdditionalAttributes:list DryRun:bool EipAddresses InnerIpAddresses InstanceIds InstanceName InstanceNetworkType InstanceType Ipv6Address:list MaxResults:int NextToken PageNumber:int PageSize:int PrivateIpAddresses PublicIpAddresses ResourceGroupId SecurityGroupId Status Tag:list[..20] VpcId VSwitchId ZoneId',
}
